// Texts without the differences that do not count.
#pragma once

#include <string>
#include <string_view>

namespace tinyzero::dataset {

// The text with single blanks in place of white space and control characters, and none around it.
std::string with_single_blanks(std::string_view text);
// The text in NFC with its case folded (Unicode); unchanged if it is not UTF-8.
std::string case_folded(const std::string& text);
// The wording of a prompt: without its digits, its case and its white space.
std::string wording_of(std::string_view prompt);
bool is_utf8(std::string_view text);

}  // namespace tinyzero::dataset
