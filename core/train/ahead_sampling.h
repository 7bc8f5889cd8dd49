// Sampling on a thread of its own, while other work goes on.
#pragma once

#include <functional>
#include <future>
#include <optional>

#include "core/base/stop.h"
#include "core/train/step_sampler.h"

namespace tinyzero {

class AheadSampling {
 public:
  using Sample = std::function<SampledStep(const StopRequest* stop)>;

  AheadSampling() = default;
  AheadSampling(const AheadSampling&) = delete;
  AheadSampling& operator=(const AheadSampling&) = delete;
  // Gives up what has begun and was not asked for.
  ~AheadSampling() {
    stop_ = 1;
    if (episodes_.valid()) episodes_.wait();
  }

  void begin(const Sample& sample) { episodes_ = std::async(std::launch::async, sample, &stop_); }

  // Waits for the end, and rethrows. Nothing if nothing has begun.
  std::optional<SampledStep> finish() {
    if (!episodes_.valid()) return std::nullopt;
    return episodes_.get();
  }

 private:
  StopRequest stop_{0};
  std::future<SampledStep> episodes_;
};

}  // namespace tinyzero
