#include "core/compare/power.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/eval/inference.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

std::vector<DifferenceSpread> spreads_of(const Json& comparison, bool of_controls) {
  std::vector<DifferenceSpread> out;
  for (const Json& arm : comparison["arms"]) {
    if (!arm.contains("against_first") || (arm["role"] != "arm") != of_controls) continue;
    const Json& against = arm["against_first"];
    const Json& difference = against["difference"];
    if (difference.is_null() || difference["deviation"].is_null()) continue;
    const double deviation = difference["deviation"];
    if (deviation <= 0) continue;
    out.push_back({.source = fmt::format("{} against {}", arm["name"].get<std::string>(),
                                         against["first"].get<std::string>()),
                   .deviation = deviation,
                   .seeds = against["seeds"]});
  }
  return out;
}

DifferenceSpread pooled(const std::vector<DifferenceSpread>& spreads) {
  double squares = 0, degrees = 0;
  for (const DifferenceSpread& spread : spreads) {
    const double own = static_cast<double>(spread.seeds) - 1;
    squares += own * spread.deviation * spread.deviation;
    degrees += own;
  }
  return {.source = "pooled", .deviation = std::sqrt(squares / degrees), .seeds = 0};
}

Json seeds_json(double difference, double deviation, double level) {
  const auto seeds = units_for(difference, deviation, kPower, level);
  return seeds ? Json(*seeds) : Json();
}

}  // namespace

std::vector<DifferenceSpread> measured_spreads(const Json& comparison) {
  std::vector<DifferenceSpread> out = spreads_of(comparison, false);
  if (out.empty()) out = spreads_of(comparison, true);
  if (out.size() > 1) out.push_back(pooled(out));
  return out;
}

std::vector<DifferenceSpread> stated_spreads(const std::vector<double>& spreads,
                                             std::size_t completions) {
  std::vector<DifferenceSpread> out;
  for (const double spread : spreads) {
    const double variance = spread * spread + 0.25 / static_cast<double>(completions);
    out.push_back({.source = fmt::format("arms that spread by {}", real_text(100 * spread)),
                   .deviation = std::sqrt(2 * variance)});
  }
  return out;
}

Json power_json(const std::vector<DifferenceSpread>& spreads, const PowerQuestion& question) {
  const double strict = kLevel / static_cast<double>(std::max<std::size_t>(1, question.verdicts));
  Json rows = Json::array();
  for (const DifferenceSpread& spread : spreads) {
    const double deviation = spread.deviation;
    Json row = {{"source", spread.source},
                {"seeds", spread.seeds > 0 ? Json(spread.seeds) : Json()},
                {"deviation", deviation}};
    if (spread.seeds > 1) {
      const Interval interval = deviation_interval(deviation, spread.seeds);
      row["deviation_low"] = interval.low;
      row["deviation_high"] = interval.high;
    }
    Json needs = Json::array();
    for (const double difference : question.differences)
      needs.push_back({{"difference", difference},
                       {"seeds", seeds_json(difference, deviation, kLevel)},
                       {"seeds_holm", seeds_json(difference, deviation, strict)}});
    row["needs"] = needs;
    const auto detectable = [&](double level) -> Json {
      if (question.seeds < 2) return nullptr;
      return detectable_difference(deviation, question.seeds, kPower, level);
    };
    row["detectable"] = detectable(kLevel);
    row["detectable_holm"] = detectable(strict);
    rows.push_back(row);
  }
  return {{"level", kLevel},
          {"power", kPower},
          {"verdicts", question.verdicts},
          {"seeds", question.seeds},
          {"spreads", rows}};
}

std::size_t verdict_count(const Json& comparison) {
  return comparison.contains("pairs") ? comparison["pairs"].size() : comparison["arms"].size() - 1;
}

}  // namespace tinyzero
