// compare: arms and seeds of a comparison, each an ordinary run, then a table.
// compare-test: the last step of each run, in its own process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/cli/commands.h"

namespace tinyzero {

struct CompareOptions {
  std::string config;
  std::string run;
  std::vector<std::string> overrides;
  std::string share;   // "K/N"; empty: all runs
  std::string power;   // differences in points, "3,4", or "default"; empty: nothing is asked
  std::string spread;  // of arms, in points; empty: as measured
  std::int64_t jobs = 1;
  bool starts = false;
  bool list = false;
  bool json = false;
  bool accept_changes = false;
};

struct CompareTestOptions {
  std::string run;
};

[[gnu::weak]] int run_compare(const GlobalOptions&, const CompareOptions&);
[[gnu::weak]] int run_compare_test(const GlobalOptions&, const CompareTestOptions&);

}  // namespace tinyzero
