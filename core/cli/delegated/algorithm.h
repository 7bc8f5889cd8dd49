// algorithm list, show, explain and check.
#pragma once

#include <string>
#include <vector>

#include "core/cli/check_report.h"
#include "core/cli/commands.h"

namespace tinyzero {

struct AlgorithmListOptions {
  bool json = false;
};

struct AlgorithmShowOptions {
  std::string name;
  bool json = false;
};

struct AlgorithmExplainOptions {
  std::string name;
  std::string batch;
  std::vector<std::string> settings;
};

[[gnu::weak]] int run_algorithm_list(const GlobalOptions&, const AlgorithmListOptions&);
[[gnu::weak]] int run_algorithm_show(const GlobalOptions&, const AlgorithmShowOptions&);
[[gnu::weak]] int run_algorithm_explain(const GlobalOptions&, const AlgorithmExplainOptions&);
[[gnu::weak]] int run_algorithm_check(const GlobalOptions&, const CheckCommandOptions&);

}  // namespace tinyzero
