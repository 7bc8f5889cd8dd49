// Checks of algorithms: of those in this repository, and of one whose fault a setting names.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/algorithm/check.h"
#include "core/config/overrides.h"

namespace tinyzero {

inline AlgorithmCheckOptions with(const std::filesystem::path& library,
                                  const std::vector<std::string>& settings, double seconds = 120) {
  AlgorithmCheckOptions options;
  options.library = library;
  options.settings.kind = Node::Kind::map;
  for (const std::string& setting : settings) apply_override(options.settings, setting);
  options.seconds = seconds;
  return options;
}

inline AlgorithmCheckOptions faulty(const std::vector<std::string>& settings,
                                    double seconds = 120) {
  return with(std::filesystem::path(TINYZERO_BROKEN) / "faulty_algorithm.so", settings, seconds);
}

inline AlgorithmCheckOptions built_in(const std::string& name,
                                      const std::vector<std::string>& settings) {
  return with(std::filesystem::path(TINYZERO_PLUGINS) / (name + ".so"), settings);
}

// The checks that fail, in order.
inline std::vector<std::string> failures(
    const AlgorithmCheckOptions& options,
    const std::vector<std::string>& names = algorithm_check_names()) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    const CheckResult result = run_algorithm_check(name, options);
    if (result.grade != Grade::fail) continue;
    MESSAGE(name << ": " << result.detail);
    out.push_back(name);
  }
  return out;
}

// The report of a check that fails; empty if it does not.
inline std::string failure(const std::string& check, const AlgorithmCheckOptions& options) {
  const CheckResult result = run_algorithm_check(check, options);
  return result.grade == Grade::fail ? result.detail : "";
}

}  // namespace tinyzero
