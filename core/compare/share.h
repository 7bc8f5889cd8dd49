// Which runs of a comparison one call carries out, so that several calls, on one machine or many,
// divide them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tinyzero {

struct ComparisonPlan;

// Every run whose place among those to be divided is `index` modulo `count`.
struct Share {
  std::int64_t index = 0;
  std::int64_t count = 1;

  // "2/5". Throws Error for anything but K/N with 0 <= K < N.
  static Share parse(const std::string& text);
};

// What a call carries out, by index of the plan. Divided are the runs of arms and controls, in the
// order of the plan, and the starts that a share's runs need come with them; or, with
// `only_starts`, the starts.
std::vector<bool> runs_of_share(const ComparisonPlan& plan, const Share& share, bool only_starts);

}  // namespace tinyzero
