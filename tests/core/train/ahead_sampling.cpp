// Sampling on a thread of its own.

#include "core/train/ahead_sampling.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/ahead_sampling");

TEST_CASE("what was sampled is there at the end, and nothing if nothing has begun") {
  AheadSampling ahead;
  CHECK_FALSE(ahead.finish().has_value());
  const std::thread::id here = std::this_thread::get_id();
  std::thread::id there = here;
  ahead.begin([&](const StopRequest*) {
    there = std::this_thread::get_id();
    SampledStep step;
    step.rounds = 3;
    return step;
  });
  CHECK(ahead.finish()->rounds == 3);
  CHECK(there != here);
  CHECK_FALSE(ahead.finish().has_value());
}

TEST_CASE("an error is thrown where the episodes are asked for") {
  AheadSampling ahead;
  ahead.begin([](const StopRequest*) -> SampledStep { throw Error("no such task"); });
  CHECK_THROWS_WITH_AS(ahead.finish(), "no such task", Error);
}

TEST_CASE("what nobody asks for any more is given up") {
  bool is_stopped = false;
  {
    AheadSampling ahead;
    ahead.begin([&](const StopRequest* stop) -> SampledStep {
      while (*stop == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      is_stopped = true;
      throw Interrupted();
    });
  }
  CHECK(is_stopped);
}
