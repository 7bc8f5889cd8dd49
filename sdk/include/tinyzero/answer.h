// The one rule by which all tasks find the answer in a completion.
//
// The answer is the text between the last </answer> and the nearest <answer> before it (it may span
// lines), trimmed of space, tab, CR and LF. Linear in the length of the completion, no regular
// expression (those of C++ overflow their stack near 50 KB).
#pragma once

#include <optional>
#include <string_view>

namespace tinyzero {

inline constexpr std::string_view kAnswerOpen = "<answer>";
inline constexpr std::string_view kAnswerClose = "</answer>";

inline constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

inline constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Where `tag` begins for the last time, npos if it does not. Answers stand near the end, and one
// character is compared before the whole tag (std::string_view::rfind compares the tag at every
// place).
inline constexpr std::size_t find_last(std::string_view text, std::string_view tag) {
  if (text.size() < tag.size()) return std::string_view::npos;
  for (std::size_t at = text.size() - tag.size() + 1; at-- > 0;) {
    if (text[at] == tag[0] && text.substr(at, tag.size()) == tag) return at;
  }
  return std::string_view::npos;
}

// The trimmed answer (perhaps empty), a view into `completion`; nothing if there is no complete
// pair of tags.
inline std::optional<std::string_view> find_answer(std::string_view completion) {
  const std::size_t close = find_last(completion, kAnswerClose);
  if (close == std::string_view::npos) return std::nullopt;
  const std::string_view before = completion.substr(0, close);
  const std::size_t open = find_last(before, kAnswerOpen);
  if (open == std::string_view::npos) return std::nullopt;
  return trim(before.substr(open + kAnswerOpen.size()));
}

}  // namespace tinyzero
