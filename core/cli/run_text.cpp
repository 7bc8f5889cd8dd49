#include "core/cli/run_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/cli/terminal.h"

namespace tinyzero {
namespace {

constexpr std::size_t kBar = 30, kLeastBar = 6;
constexpr std::size_t kIndent = 12, kProblem = 40, kLeastAnswer = 12;

double value(const Json& record, const char* name) {
  return record.is_object() ? record.value(name, 0.0) : 0.0;
}

std::string bar(double share, std::size_t width) {
  std::string out;
  for (std::size_t i = 0; i < width; ++i)
    out += static_cast<double>(i) < share * static_cast<double>(width) ? "━" : "╌";
  return out;
}

std::string speed_text(double tokens) {
  return tokens >= 10000 ? fmt::format("{:.0f}k tok/s", tokens / 1000)
                         : fmt::format("{:.0f} tok/s", tokens);
}

// "level 2", or "products level 2, sums level 1"; empty: the tasks have no levels.
std::string levels_text(const Json& r) {
  constexpr std::string_view kLevel = "curriculum/level";
  std::string out;
  for (const auto& [name, level] : r.items()) {
    if (!name.starts_with(kLevel) || !level.is_number()) continue;
    const std::string part =
        name.size() > kLevel.size() ? name.substr(kLevel.size() + 1) + " " : "";
    out += fmt::format("{}{}level {}", out.empty() ? "" : ", ", part, level.get<double>());
  }
  return out;
}

// What a step says, most important first.
std::vector<std::string> step_numbers(const Json& r) {
  if (r.contains("warm_start/step"))
    return {fmt::format("loss {:.3f}", value(r, "warm_start/loss"))};
  std::vector<std::string> out = {fmt::format("reward {:.3f}", value(r, "train/reward"))};
  if (const std::string levels = levels_text(r); !levels.empty()) out.push_back(levels);
  for (const std::string& more :
       {fmt::format("mixed {:.0f} %", 100 * value(r, "train/mixed_groups")),
        fmt::format("rollout {:.1f} s", value(r, "time/rollout")),
        fmt::format("update {:.1f} s", value(r, "time/update")),
        fmt::format("{:.0f} tokens", value(r, "train/length"))})
    out.push_back(more);
  if (r.contains("ranks/wait"))
    out.push_back(
        fmt::format("ranks {:.1f} s", value(r, "ranks/wait") + value(r, "ranks/exchange")));
  return out;
}

}  // namespace

std::string evaluation_text(const Json& r, const Json& last_step) {
  std::string text =
      fmt::format("step {:>5}  held-out {:5.1f} % [{:.1f}, {:.1f}] · greedy {:5.1f} %",
                  r.value("step", std::int64_t{0}), 100 * value(r, "eval/accuracy"),
                  100 * value(r, "eval/accuracy_low"), 100 * value(r, "eval/accuracy_high"),
                  100 * value(r, "eval/greedy"));
  if (last_step.is_object())
    text += fmt::format(" · kl {:.3f} · entropy {:.2f}", value(last_step, "train/kl"),
                        value(last_step, "train/entropy"));
  text += fmt::format(" · {:.0f} tokens", value(r, "eval/length"));
  if (last_step.is_object()) text += " · " + speed_text(value(last_step, "speed/tokens"));
  return text;
}

std::string step_text(const Json& record) {
  std::string text = fmt::format("step {:>5}  ", record.value("step", std::int64_t{0}));
  for (const std::string& number : step_numbers(record))
    text += (text.ends_with("  ") ? "" : " · ") + number;
  return text;
}

std::string live_text(const Json& record, std::int64_t steps, double seconds_left,
                      std::size_t columns) {
  const bool warm = record.contains("warm_start/step");
  const std::int64_t step = record.value(warm ? "warm_start/step" : "step", std::int64_t{0});
  const double share = steps > 0 ? static_cast<double>(step) / static_cast<double>(steps) : 1;
  const std::string head =
      warm ? fmt::format("warm start  {}/{}", step, steps) : fmt::format("step {:>5}", step);
  const std::string left = seconds_left >= 0 ? " · " + duration_text(seconds_left) + " left" : "";
  const auto numbers = step_numbers(record);
  std::string text;
  // As many numbers as leave room for a bar; the bar takes what is left.
  for (std::size_t count = numbers.size() + 1; count-- > 0;) {
    std::string tail = fmt::format(" {:.0f} %", 100 * share);
    for (std::size_t i = 0; i < count; ++i) tail += (i == 0 ? "  " : " · ") + numbers[i];
    tail += left;
    const std::size_t used = text_columns(head) + 1 + text_columns(tail);
    const std::size_t room = columns > used ? std::min(columns - used, kBar) : 0;
    text = head + (room >= kLeastBar ? " " + bar(share, room) : "") + tail;
    if (room >= kLeastBar) break;
  }
  return one_line(text, columns);
}

std::string sample_text(const std::string& problem, const std::string& completion,
                        const std::string& verdict, std::size_t columns) {
  const std::string start = std::string(kIndent, ' ') + one_line(problem, kProblem) + "    ";
  const std::size_t taken = text_columns(start) + 2 + text_columns(verdict);
  if (columns < taken + kLeastAnswer) {
    const std::size_t room =
        columns > text_columns(verdict) + 8 ? columns - text_columns(verdict) - 8 : 1;
    return with_word("    " + one_line(problem, room), verdict, columns);
  }
  return with_word(start + one_line(completion, columns - taken), verdict, columns);
}

std::string with_word(const std::string& text, const std::string& word, std::size_t columns) {
  const std::size_t used = text_columns(text) + text_columns(word);
  return text + std::string(columns > used + 2 ? columns - used : 2, ' ') + word;
}

}  // namespace tinyzero
