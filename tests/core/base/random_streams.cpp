#include "core/base/random_streams.h"

#include <doctest/doctest.h>

#include <set>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/random_streams");

TEST_CASE("every use of randomness has a stream of its own, which the seed changes") {
  std::set<std::uint64_t> keys;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    for (std::uint64_t stream = 1; stream <= 11; ++stream) {
      const std::uint64_t key = stream_key(seed, RandomStream(stream));
      CHECK(key == stream_key(seed, {stream}));
      CHECK(keys.insert(key).second);
    }
  }
}

TEST_CASE("a step and its round are one number that no other pair has") {
  CHECK(round_of_step(7, 0) == 7);
  std::set<std::uint64_t> numbers;
  for (const std::uint64_t step : {0ull, 1ull, 1000ull, (1ull << 47)}) {
    for (std::uint64_t round = 0; round < 16; ++round)
      CHECK(numbers.insert(round_of_step(step, round)).second);
  }
}
