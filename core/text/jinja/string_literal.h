// Escapes in the text literals of a template.
#pragma once

#include <string>
#include <string_view>

namespace tinyzero::jinja {

// The meaning of a text literal, given the characters between its quotes. Throws Error naming the
// line.
std::string unescaped(std::string_view literal, int line);

}  // namespace tinyzero::jinja
