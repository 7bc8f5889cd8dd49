// A task in a file of Python, which sdk/python/tinyzero_serve.py loads into an interpreter.
//
// The interpreter starts unconfined and reads its own files. Then the first request tells it the
// limits, the files that it may read, and the filter of its system calls. It submits to them before
// it imports the task's file (docs/python_tasks.md).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/config/python_name.h"
#include "core/plugin/python/interpreter.h"
#include "core/plugin/python/settings.h"
#include "core/plugin/worker/worker_code.h"

namespace tinyzero {

class PythonCode : public WorkerCode {
 public:
  // Throws Error if there is no interpreter for it, or not the package that it needs.
  PythonCode(PythonName name, PythonSettings settings);

  const std::filesystem::path& file() const override { return file_; }
  std::string use() const override;
  std::vector<std::string> command(const WorkerSetup& setup) const override;
  std::vector<std::string> environment(const WorkerSetup& setup) const override;
  std::string start_hint() const override;
  std::string create_hint(const Error& error) const override;
  void write_opening(WireWriter& out, const WorkerSetup& setup, pid_t worker) const override;
  bool has_second_stage() const override { return false; }

 private:
  std::vector<std::filesystem::path> readable_files(const WorkerSetup& setup) const;

  PythonName name_;
  PythonSettings settings_;
  PythonInterpreter interpreter_;
  std::filesystem::path file_;
};

}  // namespace tinyzero
