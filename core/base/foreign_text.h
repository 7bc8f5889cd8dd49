// Text from outside (tasks, models, servers, files, arguments) before it reaches a terminal or a
// log. Control characters could move the cursor, rename the window or hide what follows; marks of
// direction could show a line in another order than it has.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tinyzero {

// Whether a character may be shown as it is: no control character, no mark without width, no mark
// of direction.
bool is_printable(std::uint32_t code);

// The text with '?' for each character that is not printable and for each byte that is not UTF-8.
// Line ends and tabs stay.
std::string printable(std::string_view text);

}  // namespace tinyzero
