#include "tasks/dataset/find.h"

#include "tinyzero/answer.h"

namespace tinyzero::dataset {
namespace {

constexpr std::string_view kBox = "\\boxed{";

std::string_view last_line(std::string_view text) {
  text = trim(text);
  const std::size_t end = text.rfind('\n');
  return end == std::string_view::npos ? text : trim(text.substr(end + 1));
}

std::string_view without_markdown(std::string_view text) {
  for (const std::string_view sign : {"**", "__", "`"}) {
    if (text.size() > 2 * sign.size() && text.starts_with(sign) && text.ends_with(sign))
      text = trim(text.substr(sign.size(), text.size() - 2 * sign.size()));
  }
  return text;
}

}  // namespace

std::optional<std::string_view> boxed(std::string_view text) {
  const std::size_t at = find_last(text, kBox);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view inside = text.substr(at + kBox.size());
  int open = 1;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '\\') ++i;  // \{ and \} are no braces
    else if (inside[i] == '{') ++open;
    else if (inside[i] == '}' && --open == 0) return trim(inside.substr(0, i));
  }
  return std::nullopt;
}

std::optional<std::string_view> behind(std::string_view text, std::string_view marker) {
  const std::size_t at = find_last(text, marker);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(at + marker.size());
  return trim(rest.substr(0, rest.find('\n')));
}

std::optional<std::string_view> AnswerPlace::operator()(std::string_view completion) const {
  const bool any = find == "auto";
  std::optional<std::string_view> out;
  if (any || find == "tags") out = find_answer(completion);
  if (!out && (any || find == "boxed")) out = boxed(completion);
  if (!out && (any || find == "marker")) out = behind(completion, marker);
  if (!out && (any || find == "last_line")) out = last_line(completion);
  if (find == "whole") out = trim(completion);
  if (out) out = without_markdown(*out);
  return out;
}

std::string AnswerPlace::written(const std::string& answer) const {
  if (find == "boxed") return std::string(kBox) + answer + "}";
  if (find == "marker") return marker + " " + answer;
  if (find == "last_line" || find == "whole") return answer;
  return std::string(kAnswerOpen) + answer + std::string(kAnswerClose);
}

}  // namespace tinyzero::dataset
