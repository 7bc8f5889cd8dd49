// What TinyZero's Python scorers have in common, for `scorer: tinyzero`: how they find an answer,
// and what Python's str.strip and int make of it. Linear in the length of the text; nothing is run.
// Source: TinyZero's verl/utils/reward_score, with CPython 3.11.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tinyzero::python {

// The part of a completion that a scorer searches: what follows the first marker in prompt and
// completion together. `framing` is that of the prompt: "base" ends in "Assistant:", "qwen" in
// "<|im_start|>assistant", any other in neither. Nothing if there is no marker; `knows_qwen` says
// whether the scorer looks for the second one.
inline std::optional<std::string_view> after_marker(std::string_view completion,
                                                    std::string_view framing, bool knows_qwen) {
  constexpr std::string_view kBase = "Assistant:", kQwen = "<|im_start|>assistant";
  if (framing == "base") return completion;
  if (const std::size_t at = completion.find(kBase); at != std::string_view::npos)
    return completion.substr(at + kBase.size());
  if (!knows_qwen) return std::nullopt;
  if (framing == "qwen") return completion;
  if (const std::size_t at = completion.find(kQwen); at != std::string_view::npos)
    return completion.substr(at + kQwen.size());
  return std::nullopt;
}

// The last match of the pattern <answer>(.*?)</answer>, whose dot stops at line ends, as
// re.finditer finds them.
inline std::optional<std::string_view> last_answer(std::string_view text) {
  constexpr std::string_view kOpen = "<answer>", kClose = "</answer>";
  std::optional<std::string_view> found;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    for (;;) {
      const std::size_t open = line.find(kOpen);
      if (open == std::string_view::npos) break;
      const std::size_t start = open + kOpen.size(), close = line.find(kClose, start);
      if (close == std::string_view::npos) break;
      found = line.substr(start, close - start);
      line.remove_prefix(close + kClose.size());
    }
  }
  return found;
}

// Length in bytes of the white space, as str.strip sees it, that `text` starts with; 0 if none.
inline std::size_t leading_space(std::string_view text) {
  constexpr std::string_view kWide[] = {"\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80",
                                        "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF",
                                        "\xE2\x81\x9F", "\xE3\x80\x80"};
  if (text.empty()) return 0;
  const auto c = static_cast<unsigned char>(text[0]);
  if (c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F)) return 1;
  for (const std::string_view wide : kWide) {
    if (text.substr(0, wide.size()) == wide) return wide.size();
  }
  const bool en_quad_to_hair_space = text.size() >= 3 && text.substr(0, 2) == "\xE2\x80" &&
                                     static_cast<unsigned char>(text[2]) >= 0x80 &&
                                     static_cast<unsigned char>(text[2]) <= 0x8A;
  return en_quad_to_hair_space ? 3 : 0;
}

// str.strip()
inline std::string_view strip(std::string_view text) {
  while (const std::size_t n = leading_space(text)) text.remove_prefix(n);
  for (bool removed = true; removed;) {
    removed = false;
    for (std::size_t n = 1; n <= 3 && n <= text.size(); ++n) {
      if (leading_space(text.substr(text.size() - n)) != n) continue;
      text.remove_suffix(n);
      removed = true;
      break;
    }
  }
  return text;
}

// The decimal digit (Unicode category Nd) at the start of `text`, and its length in bytes; a length
// of 0: none.
struct Digit {
  int value;
  std::size_t length;
};
inline Digit leading_digit(std::string_view text) {
  // Code points of the zeros; the other nine digits follow each (Unicode 14).
  constexpr std::uint32_t kZeros[] = {
      0x30,    0x660,   0x6f0,   0x7c0,   0x966,   0x9e6,   0xa66,   0xae6,   0xb66,   0xbe6,
      0xc66,   0xce6,   0xd66,   0xde6,   0xe50,   0xed0,   0xf20,   0x1040,  0x1090,  0x17e0,
      0x1810,  0x1946,  0x19d0,  0x1a80,  0x1a90,  0x1b50,  0x1bb0,  0x1c40,  0x1c50,  0xa620,
      0xa8d0,  0xa900,  0xa9d0,  0xa9f0,  0xaa50,  0xabf0,  0xff10,  0x104a0, 0x10d30, 0x11066,
      0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0,
      0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2,
      0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0};
  if (text.empty()) return {0, 0};
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC0 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF8 ? 4
                                            : 0;
  if (length == 0 || length > text.size()) return {0, 0};
  std::uint32_t code = length == 1 ? first : first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return {0, 0};
    code = code << 6 | (next & 0x3Fu);
  }
  for (const std::uint32_t zero : kZeros) {
    if (code >= zero && code < zero + 10) return {static_cast<int>(code - zero), length};
  }
  return {0, 0};
}

// int(text) in canonical decimal ("-7", "0"); nothing where Python raises ValueError: other
// characters, misplaced underscores, more than 4,300 digits.
inline std::optional<std::string> integer(std::string_view text) {
  constexpr std::size_t kMostDigits = 4300;
  text = strip(text);
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  std::string digits;
  std::size_t count = 0;
  while (true) {
    const Digit digit = leading_digit(text);
    if (digit.length == 0 || ++count > kMostDigits) return std::nullopt;
    if (!digits.empty() || digit.value != 0) digits += static_cast<char>('0' + digit.value);
    text.remove_prefix(digit.length);
    if (text.empty()) break;
    if (text[0] == '_') text.remove_prefix(1);  // one between two digits
  }
  if (digits.empty()) return "0";
  return negative ? "-" + digits : digits;
}

}  // namespace tinyzero::python
