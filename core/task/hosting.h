// Where the code of a task runs, and what it may use there: the settings of its section that are
// the host's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/config/reader.h"
#include "core/plugin/library.h"
#include "core/plugin/python/settings.h"
#include "core/plugin/worker/worker_task.h"

namespace tinyzero {

struct TaskHosting {
  bool in_process = false;  // trusted like one that came with the program
  PythonSettings python;
  std::vector<std::string> words = {"use", "in_process"};  // all names that are the host's
  std::vector<ResolvedSetting> written = {};               // those that a person wrote
};

// Reads a section, which may be null. Throws Error for a value that is wrong or has no effect.
TaskHosting read_hosting(const PluginFile& file, const Node* section, const std::string& path);

// The limits of the worker of a task in Python or in a library.
WorkerLimits worker_limits(const PluginFile& file, const TaskHosting& hosting);

// A task in a worker of its own, before its settings are known. Throws Error or Failure.
std::unique_ptr<WorkerTask> start_worker(const PluginFile& file, const TaskHosting& hosting,
                                         const WorkerLimits& limits, WorkerPlace place = {});

struct LoadedCode {
  std::unique_ptr<TaskCode> code;
  std::filesystem::path file;  // which it comes from
};

// The code of a task: in this process if it came with the program or is trusted, else in a worker.
// Throws Error or Failure.
LoadedCode load_task_code(const PluginFile& file, const TaskHosting& hosting);
LoadedCode load_task_code(const PluginFile& file);  // as a section without such settings has it

}  // namespace tinyzero
