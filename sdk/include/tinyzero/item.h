// Problems and verdicts in C++, for plugins and hosts.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string>

#include "tinyzero/task_abi.h"

namespace tinyzero {

// The only source of a problem's randomness.
struct Draw {
  std::uint64_t seed = 0, index = 0;
};

struct Item {
  std::string prompt;       // the problem in words
  std::string key;          // canonical identity: equal problems have equal keys
  std::string state;        // what verify needs, JSON by convention
  double difficulty = 0;    // in the task's own unit, larger is harder
  std::uint64_t index = 0;  // of the draw; set by the host
};

enum class Outcome : std::uint32_t {
  scored = TZ_SCORED,          // an answer was found and judged
  unparsable = TZ_UNPARSABLE,  // nothing that can be judged; the reward still counts
  abstain = TZ_ABSTAIN,        // the task cannot tell
  error = TZ_ERROR,            // the task failed on this row
  timeout = TZ_TIMEOUT         // set by hosts only
};

struct Verdict {
  double reward = 0;
  Outcome outcome = Outcome::scored;
  std::uint32_t reason = 0;                             // index into the task's reasons
  std::array<double, TINYZERO_TASK_MAX_PARTS> parts{};  // in the order of the task's parts
  std::string detail;  // more than the reason says, for a person; usually empty
};

// A verdict as the C ABI has it, without its detail; and back.
inline tz_verdict abi_verdict(const Verdict& verdict) {
  tz_verdict out{};
  out.reward = verdict.reward;
  out.outcome = static_cast<std::uint32_t>(verdict.outcome);
  out.reason = verdict.reason;
  std::copy(verdict.parts.begin(), verdict.parts.end(), out.parts);
  return out;
}
inline void assign(Verdict& out, const tz_verdict& verdict) {
  out.reward = verdict.reward;
  out.outcome = static_cast<Outcome>(verdict.outcome);
  out.reason = verdict.reason;
  std::copy(std::begin(verdict.parts), std::end(verdict.parts), out.parts.begin());
}

}  // namespace tinyzero
