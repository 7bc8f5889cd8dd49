// A task whose library runs in a worker: a process of its own, without LibTorch, with limits on
// memory, time, files and system calls (docs/sandbox.md).
//
// What the task does to its process costs the row that did it, never the run: the worker is
// replaced and the rows around are judged. A task that goes on so is stopped after three times,
// whatever it was doing.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/plugin/task_code.h"
#include "core/plugin/worker/worker_process.h"

namespace tinyzero {

struct WorkerLimits {
  double row_seconds = 2.0;                       // for judging one answer
  double call_seconds = 60.0;                     // for any call as a whole …
  double load_seconds = 20.0;                     // … but loading the library
  std::uint64_t memory = std::uint64_t{2} << 30;  // bytes
  int threads = 256;                              // of the worker
  int strikes = 3;                                // lost workers until the task is stopped …
  std::int64_t forgiven_after =
      10000;  // … with fewer than this many rows judged between two of them
};

// How a worker differs from those of a run: for checks.
struct WorkerPlace {
  std::filesystem::path folder;        // in which it starts; empty: this one
  std::vector<std::string> variables;  // NAME=VALUE
  bool computes_only =
      true;  // once the task is created; false: it may go on reading files and making threads
};

// What a worker's process holds.
struct WorkerUse {
  std::uint64_t resident_bytes = 0, files = 0, threads = 0;
};

// What a library says of itself beside its TaskAbout.
struct LibraryFacts {
  std::uint64_t tasks = 0;
  bool refuses_unknown_extensions = false;
  double load_milliseconds = 0;
};

class WorkerTask : public TaskCode {
 public:
  // Checks the file without running it, then starts a worker, which loads it. Throws Error or
  // Failure naming the file and the cause.
  WorkerTask(std::filesystem::path path, WorkerLimits limits, WorkerPlace place = {});

  const TaskAbout& about() const override { return about_; }
  void allow_reading(std::vector<std::filesystem::path> paths) override;
  void create(const std::vector<SettingValue>& values) override;
  std::vector<Item> draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) override;
  std::vector<Verdict> verify(const std::vector<Answer>& answers) override;
  std::optional<std::string> solve(std::string_view state) override;
  std::string demonstrate(std::string_view state, std::uint64_t seed, std::uint64_t index) override;

  // For checks, in a worker that does not only compute: makes the instance anew, with the same
  // values; whether so many threads at once get the verdicts of one; what the process holds; what
  // the library says.
  void create_again();
  bool is_same_in_threads(const std::vector<Answer>& answers, std::uint64_t threads);
  WorkerUse use();
  LibraryFacts inspect();

 private:
  using Write = WorkerProcess::Write;

  // Starts a worker, which loads the library and, if it had been, creates the task. Throws
  // WorkerLost.
  void start();
  void create_instance();
  // Has a worker that is alive. Each one that is lost on the way is a strike.
  void have_worker();
  // Asks the worker for a reply of at most `most` bytes and returns what `read` makes of it. Throws
  // what the worker threw, and WorkerLost.
  template <class Read>
  auto ask(WireOperation operation, std::size_t most, const Write& write, const Read& read,
           std::size_t rows = 0);
  // The same for calls that have no row to blame: WorkerLost becomes a strike, and a Failure that
  // says what was being done.
  template <class Read>
  auto ask_or_fail(WireOperation operation, const char* doing, std::size_t most, const Write& write,
                   const Read& read);

  void judge_all(const std::vector<Answer>& answers, std::vector<Verdict>& out);
  void judge(const Answer* answers, std::size_t n, Verdict* out);
  void judge_singly(const Answer* answers, std::size_t n, Verdict* out);
  std::string judge_alone(const Answer& answer, Verdict& out);
  void ask_verdicts(const Answer* answers, std::size_t n, Verdict* out);
  void count_strike(const std::string& cause);
  std::string name() const;

  std::filesystem::path path_;
  WorkerLimits limits_;
  WorkerPlace place_;
  std::vector<std::filesystem::path> readable_;
  TaskAbout about_;
  std::vector<SettingValue> values_;
  bool created_ = false;
  std::unique_ptr<WorkerProcess> process_;
  int strikes_ = 0;
  std::int64_t judged_ = 0;   // rows since the last strike
  std::size_t first_rows_;    // rows of a call while nothing is known of the task's speed: they end
                              // in time however slow it may be
  std::size_t rows_at_once_;  // rows of a call that end in a share of its time
};

}  // namespace tinyzero
