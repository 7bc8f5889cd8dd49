// Threads that share work of microseconds again and again, as the products of one pass over a large
// model are.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace tinyzero {

class Team {
 public:
  // Of the calling thread and `threads` - 1 others, which live as long as the team and sleep when
  // nothing comes for a while.
  explicit Team(std::int64_t threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  std::int64_t size() const { return std::ssize(threads_) + 1; }

  // A range of the work, and who does it: 0 (the caller) … size()-1.
  struct Part {
    std::int64_t first, last, member;
  };

  // Calls work(part) for ranges that cover 0 … count-1, each of `grain` or the rest, in any order;
  // returns when all are done. One call at a time, from the thread that made the team; work must
  // not throw.
  template <class Work>
  void share(std::int64_t count, std::int64_t grain, const Work& work) {
    if (threads_.empty() || count <= grain) {
      if (count > 0) work(Part{0, count, 0});
      return;
    }
    run({[](const void* w, const Part& part) { (*static_cast<const Work*>(w))(part); }, &work,
         count, grain});
  }

 private:
  struct Job {
    void (*call)(const void* work, const Part& part) = nullptr;
    const void* work = nullptr;
    std::int64_t count = 0, grain = 1;
  };

  void run(const Job& job);
  void help(std::int64_t member);        // what the other threads do
  void take_parts(std::int64_t member);  // of the job, until none is left

  // A job is open for whoever comes in time, and ends when those who came have left: a thread that
  // sleeps, or whose core is taken by another program, is not waited for.
  static constexpr std::int64_t kClosed = std::int64_t{1} << 32;
  Job job_;
  std::atomic<std::int64_t> next_{0};  // first of the next range
  std::atomic<std::int64_t> inside_{
      -kClosed};                        // others at work on the job, less kClosed once it is closed
  std::atomic<std::int64_t> round_{0};  // jobs so far
  std::atomic<bool> ended_{false};
  std::vector<std::jthread> threads_;
};

}  // namespace tinyzero
