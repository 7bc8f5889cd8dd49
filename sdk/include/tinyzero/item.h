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
  std::uint64_t seed = 0;
  std::uint64_t index = 0;
};

struct Item {
  std::string prompt;       // the problem in words
  std::string key;          // canonical identity: equal problems have equal keys
  std::string state;        // what verify needs, JSON by convention
  double difficulty = 0;    // in the task's own unit, larger is harder
  std::uint64_t index = 0;  // the draw's; set by the host
};

enum class Outcome : std::uint32_t {
  scored = TZ_SCORED,          // an answer was found and judged
  unparsable = TZ_UNPARSABLE,  // nothing that can be judged; the reward still counts
  abstain = TZ_ABSTAIN,        // the task cannot tell
  error = TZ_ERROR,            // the task failed on this row
  timeout = TZ_TIMEOUT         // set by hosts only
};

// Tasks with reasons like these, the first of them for a right answer, write
//
//   enum Reason { correct, no_answer, wrong_order };
//   return Verdict::unparsable(no_answer);
//   return Verdict::wrong(wrong_order);
//   return Verdict::right();
struct Verdict {
  double reward = 0;
  Outcome outcome = Outcome::scored;
  std::uint32_t reason = 0;                             // index into the task's reasons
  std::array<double, TINYZERO_TASK_MAX_PARTS> parts{};  // reward components, in the task's order
  std::string detail = {};  // explains more than the reason, to a person; usually empty

  // A right answer: reward 1, the first reason, and 1 in the first reward component.
  static Verdict right() {
    Verdict verdict;
    verdict.reward = 1;
    verdict.parts[0] = 1;
    return verdict;
  }
  // An answer that was judged and is not right.
  static Verdict wrong(std::uint32_t reason, double reward = 0) {
    Verdict verdict;
    verdict.reward = reward;
    verdict.reason = reason;
    return verdict;
  }
  // Nothing that can be judged.
  static Verdict unparsable(std::uint32_t reason, double reward = 0) {
    Verdict verdict = wrong(reason, reward);
    verdict.outcome = Outcome::unparsable;
    return verdict;
  }
};

// Conversions between a verdict and its form in the C ABI, which lacks the detail.
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
