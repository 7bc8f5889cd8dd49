// A task whose library runs in a worker: a process of its own, without LibTorch, with limits on memory, time and system calls.
//
// What the task does to its process costs the row that did it, never the run: the worker is replaced and the rows around are judged. A
// task that goes on so is stopped after three times.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/plugin/task_code.h"
#include "core/plugin/worker/wire.h"

namespace tinyzero {

struct WorkerLimits {
  double row_seconds = 2.0;                       // for judging one answer
  double call_seconds = 60.0;                     // for every other call
  std::uint64_t memory = std::uint64_t{2} << 30;  // bytes
  int strikes = 3;                                // lost workers until the task is stopped …
  std::int64_t forgiven_after = 10000;            // … with fewer than this many rows judged between two of them
};

class WorkerTask : public TaskCode {
 public:
  // Checks the file without running it, then starts a worker, which loads it. Throws Error or Failure naming the file and the cause.
  WorkerTask(std::filesystem::path path, WorkerLimits limits);
  ~WorkerTask() override;

  const TaskAbout& about() const override { return about_; }
  void create(const std::vector<SettingValue>& values) override;
  std::vector<Item> draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) override;
  std::vector<Verdict> verify(const std::vector<Answer>& answers) override;
  std::optional<std::string> solve(std::string_view state) override;
  std::string demonstrate(std::string_view state, std::uint64_t seed, std::uint64_t index) override;

 private:
  using Write = std::function<void(WireWriter&)>;
  struct Lost;  // thrown where the worker ends before it replies

  void start();
  void stop();
  // Sends a request and waits for the reply, `seconds` for the whole or, if `rows` is above 0, for each row. Throws what the worker threw,
  // and Lost.
  WireReader call(WireOperation operation, double seconds, std::size_t rows, const Write& write);
  // The same for calls that have no row to blame: Lost becomes a Failure.
  WireReader call_or_fail(WireOperation operation, const char* doing, const Write& write);
  std::string how_it_ended(int status);
  void judge(const Answer* answers, std::size_t n, Verdict* out);
  void count_strike(const std::string& cause);

  std::filesystem::path path_;
  WorkerLimits limits_;
  TaskAbout about_;
  std::vector<SettingValue> values_;
  bool created_ = false;
  std::unique_ptr<WireRegion> region_;
  pid_t pid_ = -1;
  int strikes_ = 0;
  std::int64_t judged_ = 0;  // rows since the last strike
};

}  // namespace tinyzero
