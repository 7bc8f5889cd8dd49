// The task of hostile_acts.c in a worker, and what is said of it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/plugin/worker/library_code.h"
#include "core/plugin/worker/sandbox.h"
#include "core/plugin/worker/worker_task.h"
#include "core/task/task.h"
#include "support/temporary.h"

namespace tinyzero {

// A folder that holds the task under names of its acts, and a file that none may change.
class Acts {
 public:
  Acts() { write_file_synced(folder_ / "kept", "kept"); }

  // The library that does `act` at `stage`.
  fs::path library(const std::string& stage, const std::string& act) {
    const fs::path path = folder_ / (stage + "-" + act + ".so");
    std::error_code ignored;  // it is there already
    fs::create_symlink(fs::path(TINYZERO_BROKEN) / "hostile_acts.so", path, ignored);
    return path;
  }
  // Nothing was written, and nothing made.
  bool is_unharmed() const {
    for (const char* made : {"written", "made"}) {
      if (fs::exists(fs::symlink_status(folder_ / made))) return false;
    }
    return read_file(folder_ / "kept") == "kept";
  }

 private:
  TemporaryFolder folder_;
};

inline WorkerLimits quick_limits() {
  WorkerLimits limits;
  limits.row_seconds = 0.3;
  limits.memory = 512u << 20;
  return limits;
}

// With little time for a call, or for loading.
inline WorkerLimits hurried_limits(double call_seconds, double load_seconds) {
  WorkerLimits limits = quick_limits();
  limits.call_seconds = call_seconds;
  limits.load_seconds = load_seconds;
  return limits;
}

inline Task open(const fs::path& library, const WorkerLimits& limits) {
  return Task(std::make_unique<WorkerTask>(std::make_unique<LibraryCode>(library), limits), library,
              nullptr);
}

inline std::vector<Verdict> judge(const Task& task, const std::vector<std::string>& completions) {
  std::vector<Answer> answers;
  for (const std::string& completion : completions) answers.push_back({"{}", completion});
  return task.verify(answers);
}

// What is thrown by something that must throw.
inline std::string thrown_by(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

inline bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace tinyzero
