// An engine for tests that only generate.
#pragma once

#include <vector>

#include "core/rollout/engine.h"

namespace tinyzero {

class StubEngine : public Engine {
 public:
  std::vector<std::vector<float>> score(const std::vector<std::vector<std::int32_t>>&,
                                        double) override {
    return {};
  }
  void refresh() override {}
  const DecodeStatistics& statistics() const override { return statistics_; }

 private:
  DecodeStatistics statistics_;
};

}  // namespace tinyzero
