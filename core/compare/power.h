// How many seeds a difference between two arms takes, from how much differences spread over seeds.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"

namespace tinyzero {

// Standard deviation over seeds of the difference between two arms' test accuracies.
struct DifferenceSpread {
  std::string source;  // for people
  double deviation = 0;
  std::size_t seeds = 0;  // on which it was measured; 0: it was not, or it is pooled
};

// Those of a comparison.json's arms against the first arm and, if there are several, what they have
// in common: the pooled one, last. Of controls, if there is no other arm. Empty before two seeds.
std::vector<DifferenceSpread> measured_spreads(const Json& comparison);

// Those of two arms whose accuracies spread by each of these shares, apart from the noise of
// `completions` in every accuracy, which is taken at its largest: at one half right.
std::vector<DifferenceSpread> stated_spreads(const std::vector<double>& spreads,
                                             std::size_t completions);

struct PowerQuestion {
  std::vector<double> differences;  // shares
  std::size_t seeds = 2;            // of the comparison
  std::size_t verdicts = 1;         // that Holm's correction covers; its strictest step counts
};

inline constexpr double kPower = 0.8;  // chance of deciding a difference that there is

// The answers by spread, as docs/comparing.md describes them.
Json power_json(const std::vector<DifferenceSpread>& spreads, const PowerQuestion& question);

// Verdicts of a comparison.json that are corrected together.
std::size_t verdict_count(const Json& comparison);

}  // namespace tinyzero
