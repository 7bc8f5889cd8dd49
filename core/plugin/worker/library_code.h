// A task's library, which the program tinyzero-worker loads.
#pragma once

#include "core/plugin/worker/worker_code.h"

namespace tinyzero {

class LibraryCode : public WorkerCode {
 public:
  // Checks the file without running it. Throws Error naming the file and the cause.
  explicit LibraryCode(std::filesystem::path library);

  const std::filesystem::path& file() const override { return library_; }
  std::vector<std::string> command(const WorkerSetup& setup) const override;
  std::vector<std::string> environment(const WorkerSetup& setup) const override;
  std::string start_hint() const override;
  std::string create_hint(const Error& error) const override;
  void write_opening(WireWriter&, const WorkerSetup&, pid_t) const override {}
  bool has_second_stage() const override { return true; }

 private:
  std::filesystem::path library_;
};

}  // namespace tinyzero
