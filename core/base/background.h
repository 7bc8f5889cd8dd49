// Work on a thread of its own, while this one goes on.
#pragma once

#include <functional>
#include <future>
#include <optional>

#include "core/base/stop.h"

namespace tinyzero {

template <class Result>
class Background {
 public:
  using Work = std::function<Result(const StopRequest* stop)>;

  Background() = default;
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  // Asks what has begun to stop, and waits for it.
  ~Background() {
    stop_ = 1;
    if (result_.valid()) result_.wait();
  }

  void begin(const Work& work) { result_ = std::async(std::launch::async, work, &stop_); }

  // Waits for the end; rethrows. Nothing if nothing has begun.
  std::optional<Result> finish() {
    if (!result_.valid()) return std::nullopt;
    return result_.get();
  }

 private:
  StopRequest stop_{0};
  std::future<Result> result_;
};

}  // namespace tinyzero
