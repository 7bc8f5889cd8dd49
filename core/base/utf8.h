// UTF-8, byte by byte: whole characters, invalid bytes, unfinished characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tinyzero {

inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// A character, or bytes that are not one: the longest incomplete beginning of a character, or a
// single byte. A decoder shows such bytes as one U+FFFD.
struct Utf8Part {
  std::uint32_t code = 0;  // of a character
  std::size_t size = 1;    // in bytes
  bool valid = false;      // whether it is a character
};

// The character, or the invalid bytes, at text[at]; `at` is inside the text.
Utf8Part utf8_part(std::string_view text, std::size_t at);

bool is_utf8(std::string_view text);

// The text with one U+FFFD for each sequence of invalid bytes.
std::string replace_invalid(std::string_view text);

// Number of bytes at the end that may be the beginning of a character: 0 … 3.
std::size_t unfinished_bytes(std::string_view text);

// Appends the character `code`, at most U+10FFFF, to `out`.
void append_character(std::uint32_t code, std::string& out);

// Whether a character is white space (Unicode's property White_Space).
bool is_white_space(std::uint32_t code);

}  // namespace tinyzero
