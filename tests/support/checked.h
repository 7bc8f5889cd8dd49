// Libraries for the checks of core/check: a built-in task, and one with the faults that authors
// make.
#pragma once

#include <exception>
#include <filesystem>
#include <string>

#include "core/check/checks.h"
#include "core/config/yaml.h"

namespace tinyzero {

inline CheckOptions check_of(const std::filesystem::path& library, const std::string& settings) {
  CheckOptions options;
  options.file.path = library;
  options.settings = parse_yaml(settings, "settings");
  return options;
}

inline CheckOptions built_in(const std::string& task, const std::string& settings = "{}") {
  return check_of(std::filesystem::path(TINYZERO_PLUGINS) / (task + ".so"), settings);
}

// tests/support/faulty_task.cpp
inline CheckOptions faulty(const std::string& fault) {
  return check_of(std::filesystem::path(TINYZERO_BROKEN) / "faulty.so", "{fault: " + fault + "}");
}

// The fault that a check finds; "" if it finds none.
inline std::string fault_of(CheckResult (*check)(const CheckOptions&),
                            const CheckOptions& options) {
  try {
    check(options);
  } catch (const std::exception& e) {  // also what the host says of a worker that is lost
    return e.what();
  }
  return "";
}

}  // namespace tinyzero
