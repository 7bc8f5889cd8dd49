// How far a run is, from the newest records of its metrics.jsonl.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "core/base/json.h"

namespace tinyzero {

struct Experiment;

// The newest records of one phase, and from them the seconds that are left.
class FollowedRun {
 public:
  // `experiment` must outlive this.
  explicit FollowedRun(const Experiment& experiment) : experiment_(experiment) {}

  // A line of metrics.jsonl; evaluations are ignored.
  void add(Json record);

  bool begun() const { return !records_.empty(); }
  // Both of the phase that the run is in: the warm start or RL.
  std::int64_t step() const;
  std::int64_t steps() const;

  // The live line, in at most `columns` columns.
  std::string text(std::size_t columns) const;

  // "step 34 of 200", "warm-start step 3 of 600", "its first step".
  std::string where() const;

 private:
  const Experiment& experiment_;
  std::deque<Json> records_;
  bool warm_ = false;  // the records are those of the warm start
};

}  // namespace tinyzero
