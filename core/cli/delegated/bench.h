// bench rollout, train and step: the engine, an update, and both.
#pragma once

#include <cstdint>
#include <string>

#include "core/bench/workload.h"
#include "core/cli/commands.h"

namespace tinyzero {

struct BenchOptions {
  std::string what;  // rollout, train, step; empty: all three
  Workload workload;
  std::string precision = "auto";
  std::int64_t rounds = 5;
  std::int64_t threads = 0;
  std::int64_t wave = 0;
  bool peers = false;
  bool profile = false;
  bool json = false;
};

[[gnu::weak]] int run_bench(const GlobalOptions&, const BenchOptions&);

}  // namespace tinyzero
