#include "core/base/team.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <numeric>

using tinyzero::Team;

TEST_SUITE_BEGIN("core/base/team");

TEST_CASE("every item of the work is done once, by however many threads") {
  for (const std::int64_t threads : {1, 2, 3, 8}) {
    CAPTURE(threads);
    Team team(threads);
    CHECK(team.size() == threads);
    for (std::int64_t round = 0; round < 2000; ++round) {
      const std::int64_t count = round % 37, grain = 1 + round % 5;
      std::vector<int> done(count, 0);
      team.share(count, grain, [&](const Team::Part& part) {
        REQUIRE(part.member >= 0);
        REQUIRE(part.member < threads);
        for (std::int64_t i = part.first; i < part.last; ++i) ++done[i];
      });
      REQUIRE(std::accumulate(done.begin(), done.end(), std::int64_t{0}) == count);
    }
  }
}

TEST_CASE("threads that fell asleep come back, and see what was written before") {
  Team team(3);
  std::vector<std::int64_t> values(300, 0);
  for (int round = 1; round <= 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::atomic<std::int64_t> helped{0};
    team.share(300, 1, [&](const Team::Part& part) {
      if (part.member != 0) ++helped;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
      for (std::int64_t i = part.first; i < part.last; ++i) ++values[i];
    });
    CHECK(helped > 0);
    CHECK(std::accumulate(values.begin(), values.end(), std::int64_t{0}) == 300 * round);
  }
}
