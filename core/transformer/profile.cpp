#include "core/transformer/profile.h"

#include <atomic>

namespace tinyzero {
namespace {

std::atomic<bool> profiling{false};
std::atomic<double> times[4];  // by OperatorKind

double time_of(OperatorKind kind) { return times[static_cast<int>(kind)].load(); }

}  // namespace

void profile_operators(bool on) {
  for (auto& time : times) time = 0;
  profiling = on;
}

OperatorTimes operator_times() {
  return {.products = time_of(OperatorKind::products),
          .attention = time_of(OperatorKind::attention),
          .norms_and_gates = time_of(OperatorKind::norms_and_gates),
          .distribution = time_of(OperatorKind::distribution)};
}

bool ProfiledScope::is_profiling() { return profiling.load(std::memory_order_relaxed); }

void ProfiledScope::add(OperatorKind kind, double seconds) {
  times[static_cast<int>(kind)] += seconds;
}

}  // namespace tinyzero
