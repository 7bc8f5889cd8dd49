// Threads that share many short pieces of work, of microseconds each, such as the matrix products
// of one pass over a model.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace tinyzero {

class Team {
 public:
  // A team of the calling thread and `threads` - 1 others, which live as long as the team and sleep
  // when there is no work for a while.
  explicit Team(std::int64_t threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  std::int64_t size() const { return std::ssize(threads_) + 1; }

  // A range of the work and the thread that does it.
  struct Part {
    std::int64_t first;
    std::int64_t last;    // one behind the range
    std::int64_t member;  // 0 (the caller) … size()-1
  };

  // Calls work(part) for ranges that cover 0 … count-1, in any order, each of length `grain` except
  // the last, and returns when all are done. One call at a time, from the thread that made the
  // team. `work` must not throw.
  template <class Work>
  void share(std::int64_t count, std::int64_t grain, const Work& work) {
    if (threads_.empty() || count <= grain) {
      if (count > 0) work(Part{0, count, 0});
      return;
    }
    run({.call = [](const void* w, const Part& part) { (*static_cast<const Work*>(w))(part); },
         .work = &work,
         .count = count,
         .grain = grain});
  }

 private:
  struct Job {
    void (*call)(const void* work, const Part& part) = nullptr;
    const void* work = nullptr;
    std::int64_t count = 0;
    std::int64_t grain = 1;
  };

  void run(const Job& job);
  void help(std::int64_t member);         // the loop of the other threads
  void take_ranges(std::int64_t member);  // works on the job until no range is left

  // Any thread can join a job while it is open. The job ends when all that joined have left: a
  // thread that sleeps, or whose core another program uses, is not waited for.
  static constexpr std::int64_t kClosed = std::int64_t{1} << 32;
  Job job_;
  std::atomic<std::int64_t> next_{0};  // beginning of the next range
  // Number of other threads in the job, minus kClosed if it is closed.
  std::atomic<std::int64_t> inside_{-kClosed};
  std::atomic<std::int64_t> round_{0};  // number of jobs so far
  std::atomic<bool> ended_{false};
  std::vector<std::jthread> threads_;
};

}  // namespace tinyzero
