// pass@k of chosen k: of all problems, of those of a difficulty, and of those that another model
// never solves.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/eval/problem_intervals.h"

namespace tinyzero {

struct EvalReport;
struct EvalSet;

// By k.
using PassAt = std::map<std::int64_t, MeanInterval>;

// Of the problems whose tallies these are. Problems with fewer than k judged samples do not count.
PassAt pass_at(const std::vector<Tally>& tallies, const std::vector<std::int64_t>& ks);

// By the whole part of the difficulty.
std::map<std::int64_t, PassAt> pass_at_by_difficulty(const EvalSet& set, const EvalReport& report,
                                                     const std::vector<std::int64_t>& ks);

// What a model makes of the problems that another one solves with none of its samples.
struct NewlySolved {
  std::size_t unsolved = 0;  // problems that the other one never solves
  std::size_t solved = 0;    // of those, by at least one sample
  double accuracy = 0;       // on those; 0 if there are none
};
NewlySolved newly_solved(const EvalReport& before, const EvalReport& after);

}  // namespace tinyzero
