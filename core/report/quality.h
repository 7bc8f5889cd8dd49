// The results of `task check` as a file, for machines and for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/check/check.h"

namespace tinyzero {

struct QualityReport {
  struct Check {
    std::string id;
    std::string name;
    CheckResult result = {};
    std::string remedy = {};  // "" unless there is something to do
  };
  std::string task;
  std::string version;  // "" if the library does not load
  std::string library;
  std::int64_t seed = 1;
  std::vector<Check> checks = {};
};

// {"task", "version", "library", "seed", "checks": [{"id", "check", "result", "evidence",
// "remedy"}]}
Json quality_json(const QualityReport& report);

// One file without scripts, which opens offline.
std::string quality_html(const QualityReport& report);

}  // namespace tinyzero
