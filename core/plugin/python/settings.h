// What the section of a Python task says about its process, beside the task's own settings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tinyzero/settings.h"

namespace tinyzero {

struct PythonSettings {
  std::string python;
  bool network = false;
  bool processes = false;
  std::vector<std::string> variables;
  double answer_seconds = 2;
  std::int64_t memory_gib = 2;

  void describe(SettingsTable& t) {
    t.add("python", python, "the interpreter; empty: TINYZERO_PYTHON, or else the python3 of PATH")
        .path();
    t.add("network", network, "whether the task may open connections");
    t.add("processes", processes, "whether the task may start programs");
    t.add("variables", variables, "variables of the environment that the task sees");
    t.add("answer_seconds", answer_seconds, "time limit for judging one answer, in seconds")
        .between(0.01, 3600);
    t.add("memory_gib", memory_gib, "memory that the task may use, in GiB").between(1, 1024);
  }
};

}  // namespace tinyzero
