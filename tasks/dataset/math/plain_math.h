// Mathematics as people and models write it, brought to one notation.
#pragma once

#include <string>
#include <string_view>

namespace tinyzero::dataset {

// The text without dollar signs, spacing and sizes of LaTeX; signs of Unicode become ASCII or LaTeX
// commands, and commands with several names get one. Linear in the length of the text.
std::string plain_math(std::string_view text);

}  // namespace tinyzero::dataset
