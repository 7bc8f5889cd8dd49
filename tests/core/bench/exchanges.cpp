// What ranks exchange when they are measured, on ranks that are threads. No time is asserted.

#include "core/bench/exchanges.h"

#include <doctest/doctest.h>

#include "support/thread_ranks.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/bench/exchanges");

TEST_CASE("all ranks do the same number of rounds, and say what they moved") {
  for (const std::int64_t size : {1, 2, 3}) {
    on_ranks(size, [](Ranks& ranks) {
      const ExchangeTime gather = time_gather(ranks), sum = time_sum(ranks, 4000);
      CHECK(gather.bytes == 8);
      CHECK(gather.seconds > 0);
      CHECK(sum.bytes == 4000);
      CHECK(sum.seconds > 0);
    });
  }
}

TEST_CASE("a rank sends its part to each other rank, and the sum of its slice, too") {
  CHECK(bytes_sent({.bytes = 1000}, 1) == 0);
  CHECK(bytes_sent({.bytes = 1000}, 2) == 1000);
  CHECK(bytes_sent({.bytes = 1000}, 4) == 1500);
}
