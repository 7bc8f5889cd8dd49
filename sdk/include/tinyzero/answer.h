// The one rule by which all tasks find the answer in a completion.
//
// The answer is the text between the last </answer> and the nearest <answer> before it (it may span lines), trimmed of space, tab,
// CR and LF. Linear in the length of the completion, no regular expression (std::regex overflows its stack near 50 KB).
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

// The trimmed answer (perhaps empty), a view into `completion`; nothing if there is no complete pair of tags.
inline std::optional<std::string_view> find_answer(std::string_view completion) {
  const std::size_t close = completion.rfind(kAnswerClose);
  if (close == std::string_view::npos) return std::nullopt;
  const std::string_view before = completion.substr(0, close);
  const std::size_t open = before.rfind(kAnswerOpen);
  if (open == std::string_view::npos) return std::nullopt;
  return trim(before.substr(open + kAnswerOpen.size()));
}

}  // namespace tinyzero
