// Escapes in the texts of a template.
#pragma once

#include <string>
#include <string_view>

namespace tinyzero::jinja {

// What a text literal means, given what stands between its quotes. Throws Error naming the line.
std::string unescaped(std::string_view literal, int line);

}  // namespace tinyzero::jinja
