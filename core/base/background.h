// Work on a thread of its own, while this one goes on.
#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "core/base/stop.h"

namespace tinyzero {

// One thread for all of its work: processes that the work starts may end with the thread that
// started them, as workers of tasks do.
template <class Result>
class Background {
 public:
  using Work = std::function<Result(const StopRequest* stop)>;

  Background() = default;
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  ~Background() { give_up(); }

  // What began before must have been finished or given up.
  void begin(Work work) {
    if (!thread_.joinable()) thread_ = std::jthread([this](std::stop_token end) { serve(end); });
    stop_ = 0;
    std::packaged_task<Result()> task([this, work = std::move(work)] { return work(&stop_); });
    result_ = task.get_future();
    {
      const std::lock_guard lock(mutex_);
      task_ = std::move(task);
    }
    changed_.notify_one();
  }

  // Waits for the end; rethrows. Nothing if nothing has begun.
  std::optional<Result> finish() {
    if (!result_.valid()) return std::nullopt;
    return result_.get();
  }

  // Asks what has begun to stop, and waits for it.
  void give_up() {
    stop_ = 1;
    if (result_.valid()) result_.wait();
    result_ = {};
  }

 private:
  void serve(std::stop_token end) {
    for (;;) {
      std::packaged_task<Result()> task;
      {
        std::unique_lock lock(mutex_);
        if (!changed_.wait(lock, end, [&] { return task_.valid(); })) return;
        task = std::exchange(task_, {});
      }
      task();
    }
  }

  StopRequest stop_{0};
  std::future<Result> result_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::packaged_task<Result()> task_;  // not valid: none waits
  std::jthread thread_;                // last: it ends before the rest
};

}  // namespace tinyzero
