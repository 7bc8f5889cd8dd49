#include "core/compare/share.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "core/base/error.h"
#include "core/compare/plan.h"

namespace tinyzero {
namespace {

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Share Share::parse(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string::npos) {
    const auto index = number_of(std::string_view(text).substr(0, slash));
    const auto count = number_of(std::string_view(text).substr(slash + 1));
    if (index && count && *index >= 0 && *index < *count) return {*index, *count};
  }
  throw Error("--share is \"" + text + "\", which is no share",
              "write K/N with K from 0 to N - 1: the shares of three calls are 0/3, 1/3 and 2/3");
}

std::vector<bool> runs_of_share(const ComparisonPlan& plan, const Share& share, bool only_starts) {
  std::vector<bool> chosen(plan.runs.size(), false);
  std::int64_t place = 0;
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    const PlannedRun& run = plan.runs[i];
    if (only_starts ? !run.is_start : !run.arm.has_value()) continue;
    chosen[i] = place++ % share.count == share.index;
  }
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    if (chosen[i] && plan.runs[i].start) chosen[*plan.runs[i].start] = true;
  }
  return chosen;
}

}  // namespace tinyzero
