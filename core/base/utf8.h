// UTF-8, byte by byte: what is a character, what is broken, what may still become one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tinyzero {

inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

struct Utf8Part {
  std::uint32_t code = 0;  // of a character
  std::size_t size = 1;    // in bytes
  bool valid = false;      // false: the longest start of a character that nothing completes, which
                           // stands for one U+FFFD
};

// The part that begins at text[at]; `at` is inside the text.
Utf8Part utf8_part(std::string_view text, std::size_t at);

bool is_utf8(std::string_view text);

// The text with one U+FFFD for each part that is no character.
std::string replace_invalid(std::string_view text);

// Bytes at the end that may be the start of a character: 0 … 3.
std::size_t unfinished_bytes(std::string_view text);

// Appends the character `code`, at most U+10FFFF.
void append_character(std::uint32_t code, std::string& out);

// Whether a character is white space (Unicode's property White_Space).
bool is_white_space(std::uint32_t code);

}  // namespace tinyzero
