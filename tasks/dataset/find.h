// Where the answer stands in a completion.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tinyzero::dataset {

inline constexpr std::string_view kMarker = "####";

// The content of the last \boxed{}; nullopt if there is none, or if its braces never close.
std::optional<std::string_view> boxed(std::string_view text);

// The text behind the last `marker`, to the end of the line.
std::optional<std::string_view> behind(std::string_view text, std::string_view marker);

struct AnswerPlace {
  // auto: tags, else a box, else the marker, whichever there is, else the last line
  // tags: <answer>…</answer>; boxed: \boxed{…}; marker: behind the last `marker`
  // last_line: the last line that is not blank; whole: the completion
  std::string find = "auto";
  std::string marker = std::string(kMarker);

  // The trimmed answer, without Markdown's signs for bold text and code around it. Linear in the
  // length of the completion.
  std::optional<std::string_view> operator()(std::string_view completion) const;
  // An answer in the form that is looked for first.
  std::string written(const std::string& answer) const;
};

}  // namespace tinyzero::dataset
