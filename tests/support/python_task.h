// Tasks in Python for tests. Where there is no interpreter, a test says so and is skipped.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/config/yaml.h"
#include "core/plugin/python/interpreter.h"
#include "core/task/hosting.h"
#include "core/task/task.h"
#include "tinyzero/note.h"

namespace tinyzero {

inline bool have_python() {
  try {
    find_python("");
    return true;
  } catch (const Failure&) {  // this program is not whole
    throw;
  } catch (const Error& e) {
    MESSAGE("skipped: " << std::string(e.what()));
    return false;
  }
}

// A file of tests/support/python.
inline std::string python_file(const std::string& name) {
  return std::string(TINYZERO_SOURCE) + "/tests/support/python/" + name;
}

// The task that `use` names, with settings as YAML.
inline Task open_python(const std::string& use, const std::string& settings = "{}") {
  const Node section = parse_yaml(settings, "settings");
  return Task::open_plugin(PluginCatalog({}, {}), use, &section, "task");
}

// The same in a worker that is patient with nothing but strikes.
inline Task open_patient(const std::string& use, double answer_seconds = 0.5) {
  const PluginFile file = PluginCatalog({}, {}).find(TINYZERO_NOTE_TASK, use);
  const TaskHosting hosting;
  WorkerLimits limits = worker_limits(file, hosting);
  limits.row_seconds = answer_seconds;
  limits.memory = std::uint64_t{512} << 20;
  limits.strikes = 1000;
  auto worker = start_worker(file, hosting, limits);
  return Task(std::move(worker), file.path, nullptr);
}

}  // namespace tinyzero
