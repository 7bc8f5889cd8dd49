// What ranks exchange when they are measured, on ranks that are threads. No time is asserted.

#include "core/bench/exchanges.h"

#include <doctest/doctest.h>

#include "support/thread_ranks.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/bench/exchanges");

TEST_CASE("all ranks do the same number of rounds, and say what they moved") {
  for (const std::int64_t size : {1, 2, 3}) {
    on_ranks(size, [](Ranks& ranks) {
      const ExchangeTime gather = time_gather(ranks), update = time_update(ranks, 4000);
      CHECK(gather.bytes == 8);
      CHECK(gather.seconds > 0);
      CHECK(update.bytes == 4000);
      CHECK(update.seconds > 0);
    });
  }
}

TEST_CASE("a rank sends each other rank its gradient, and the weights of its own range") {
  CHECK(bytes_sent({.bytes = 1000}, 1) == 0);
  CHECK(bytes_sent({.bytes = 1000}, 2) == 1000);
  CHECK(bytes_sent({.bytes = 1000}, 4) == 1500);
}
