// The one rule by which all tasks find the answer in a completion.
//
// The answer is the text between the last </answer> and the nearest <answer> before it (it may span
// lines), without surrounding spaces, tabs, CRs and LFs. Linear in the length of the completion. It
// uses no regular expression: those of C++ overflow the stack near 50 KB.
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

// The last position of `tag` in `text`, npos if there is none. Faster than rfind, which compares
// the whole tag at every position: this compares one character first.
inline constexpr std::size_t find_last(std::string_view text, std::string_view tag) {
  if (text.size() < tag.size()) return std::string_view::npos;
  for (std::size_t at = text.size() - tag.size() + 1; at-- > 0;) {
    if (text[at] == tag[0] && text.substr(at, tag.size()) == tag) return at;
  }
  return std::string_view::npos;
}

// The trimmed answer (perhaps empty), as a view into `completion`; nullopt without a complete pair
// of tags.
inline std::optional<std::string_view> find_answer(std::string_view completion) {
  const std::size_t close = find_last(completion, kAnswerClose);
  if (close == std::string_view::npos) return std::nullopt;
  const std::string_view before = completion.substr(0, close);
  const std::size_t open = find_last(before, kAnswerOpen);
  if (open == std::string_view::npos) return std::nullopt;
  return trim(before.substr(open + kAnswerOpen.size()));
}

// What stands before the answer; before the last <answer>, or all of it, where there is none.
inline constexpr std::string_view before_answer(std::string_view completion) {
  const std::size_t close = find_last(completion, kAnswerClose);
  const std::size_t open = find_last(completion.substr(0, close), kAnswerOpen);
  return completion.substr(
      0, open != std::string_view::npos ? open : find_last(completion, kAnswerOpen));
}

}  // namespace tinyzero
