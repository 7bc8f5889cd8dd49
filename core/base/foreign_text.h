// Text from outside (tasks, models, servers, files, arguments) on its way to a terminal or a log.
// Control characters could move the cursor, rename the window or hide other text; direction marks
// could reorder a line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tinyzero {

// Whether a character is safe to print: not a control character, zero-width or a direction mark.
bool is_printable(std::uint32_t code);

// The text with '?' for each character that is not printable and for each byte that is not UTF-8.
// Line ends and tabs are kept.
std::string printable(std::string_view text);

}  // namespace tinyzero
