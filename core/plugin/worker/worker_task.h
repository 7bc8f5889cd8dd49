// A task whose code runs in a worker: a process of its own, without LibTorch, with limits on
// memory, time, files and system calls (docs/sandbox.md).
//
// A task that ends its process loses the row that it was judging, but never the run: the host
// starts another worker, which judges the other rows. After three lost workers, whatever the task
// was doing, it is stopped.
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
  double call_seconds = 60.0;                     // for any other call as a whole
  double load_seconds = 20.0;                     // for loading the code
  std::uint64_t memory = std::uint64_t{2} << 30;  // bytes
  int threads = 256;                              // of the worker
  int strikes = 3;                                // lost workers until the task is stopped
  std::int64_t forgiven_after = 10000;            // judged rows after which strikes are forgotten
};

// How a worker differs from those of a run; for checks.
struct WorkerPlace {
  std::filesystem::path folder;        // the working folder; empty: this process's
  std::vector<std::string> variables;  // NAME=VALUE
  // Whether the task can only compute after `create`. Otherwise it may continue to read files and
  // to create threads.
  bool computes_only = true;
};

// What a worker's process uses.
struct WorkerUse {
  std::uint64_t resident_bytes = 0;
  std::uint64_t files = 0;
  std::uint64_t threads = 0;
};

// Facts about a library that are not in its TaskAbout.
struct LibraryFacts {
  std::uint64_t tasks = 0;
  bool refuses_unknown_extensions = false;
  double load_milliseconds = 0;
};

class WorkerTask : public TaskCode {
 public:
  // Starts a worker, which loads the code. Throws Error or Failure naming the file and the cause.
  WorkerTask(std::unique_ptr<WorkerCode> code, WorkerLimits limits, WorkerPlace place = {});

  // The file that the code comes from.
  const std::filesystem::path& file() const { return code_->file(); }

  const TaskAbout& about() const override { return about_; }
  void allow_reading(std::vector<std::filesystem::path> paths) override;
  void create(const std::vector<SettingValue>& values) override;
  std::vector<std::string> notes() const override { return notes_; }
  std::vector<Item> draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) override;
  std::vector<Verdict> verify(const std::vector<Answer>& answers) override;
  std::vector<TraitRow> count_traits(const std::vector<Answer>& answers) override;
  std::optional<std::string> solve(std::string_view state) override;
  std::string demonstrate(std::string_view state, std::uint64_t seed, std::uint64_t index) override;

  // For checks, in a worker that may do more than compute:

  // Creates the instance again with the same values.
  void create_again();
  // Whether `threads` threads at once get the same verdicts as one.
  bool is_same_in_threads(const std::vector<Answer>& answers, std::uint64_t threads);
  WorkerUse use();
  LibraryFacts inspect();

 private:
  using Write = WorkerProcess::Write;

  // Starts a worker, which loads the code and, if it was created before, creates the task.
  // Throws WorkerLost.
  void start();
  void create_instance();
  // Makes sure that a worker is alive. Each worker that is lost meanwhile is a strike.
  void have_worker();
  // Calls the worker for a reply of at most `most` bytes and returns what `read` makes of it.
  // Throws what the worker threw, and WorkerLost.
  template <class Read>
  auto ask(WireOperation operation, std::size_t most, const Write& write, const Read& read,
           std::size_t rows = 0);
  // The same for calls without rows: WorkerLost becomes a strike and a Failure, whose message ends
  // with "while" and `doing`.
  template <class Read>
  auto ask_or_fail(WireOperation operation, const char* doing, std::size_t most, const Write& write,
                   const Read& read);

  // How a kind of call has gone so far. Counting traits has its own: it must neither use up the
  // patience with the verifier nor set its pace.
  struct Standing {
    int strikes = 0;        // lost workers
    std::int64_t rows = 0;  // answered since the last strike
    // Rows per call at the measured speed, so that a call takes a share of its time limit.
    std::size_t rows_at_once = 1;
  };
  // A call about answers, whose rows do not depend on each other. Rows are counted from the first
  // answer of all.
  struct RowCall {
    // Asks the worker about the rows first … first + n - 1. Throws WorkerLost.
    std::function<void(std::size_t first, std::size_t n)> ask;
    // Takes a row that the worker was lost on, and why.
    std::function<void(std::size_t row, const std::string& cause)> fail;
    const char* doing;  // "judging answers"
    Standing& standing;
    const char* meanwhile = "";        // what a message about one answer ends with
    std::size_t most_rows = SIZE_MAX;  // at once
  };
  // Asks about all answers, and again about those that a lost worker left. Throws Failure when the
  // task is stopped.
  void ask_rows(const std::vector<Answer>& answers, const RowCall& call);
  void ask_rows(const std::vector<Answer>& answers, std::size_t first, std::size_t n,
                const RowCall& call);
  void ask_singly(const std::vector<Answer>& answers, std::size_t first, std::size_t n,
                  const RowCall& call);
  std::string ask_alone(std::size_t row, const RowCall& call);
  // The same as `ask` with an Error of the worker as a WorkerLost: the task is at fault.
  template <class Read>
  void ask_about(WireOperation operation, std::size_t most, const Answer* answers, std::size_t n,
                 const Read& read);
  void count_strike(Standing& standing, const std::string& cause);
  std::string name() const;

  std::unique_ptr<WorkerCode> code_;
  WorkerLimits limits_;
  WorkerPlace place_;
  std::vector<std::filesystem::path> readable_;
  TaskAbout about_;
  std::vector<SettingValue> values_;
  std::vector<std::string> notes_;
  bool created_ = false;
  std::unique_ptr<WorkerProcess> process_;
  // Rows per call while the task's speed is unknown: few enough to end in time at the slowest
  // speed.
  std::size_t first_rows_;
  Standing judging_;  // and whatever else it is asked for
  Standing counting_;
};

}  // namespace tinyzero
