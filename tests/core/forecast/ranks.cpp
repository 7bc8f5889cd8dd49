// Memory and time of several ranks, by arithmetic from one process's step.

#include "core/forecast/ranks.h"

#include <doctest/doctest.h>

#include "core/train/opened_run.h"
#include "support/small_run.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/forecast/ranks");

namespace {

std::vector<RanksForecast> forecast(const std::vector<std::string>& settings, std::int64_t ranks) {
  const OpenedRun run = small_run(settings);
  return forecast_ranks(shape_of(run), run.chose_shards, ranks,
                        {.rollout = 2, .update = 6, .tokens = 1000},
                        {{"free", 1e18, 0}, {"slow", 1e6, 0.001}});
}

}  // namespace

TEST_CASE("time is what is left to compute, and the exchange of gradients, weights and tokens") {
  const OpenedRun run = small_run({"train.updates=2"});
  const auto all = forecast({"train.updates=2"}, 6);
  REQUIRE(all.size() == 4);  // 1, 2, 4, 6
  const auto numbers = static_cast<double>(shape_of(run).learning());
  for (const RanksForecast& f : all) {
    const auto ranks = static_cast<double>(f.ranks);
    CHECK(f.exchanged == doctest::Approx((2 * 2 * 4 * numbers + 8000) * (ranks - 1) / ranks));
    const double problems = f.ranks == 6 ? 2.0 / 8 : 1 / ranks;  // of eight, that one rank samples
    const double computing = 2 * problems + 6 / ranks;
    CHECK(f.seconds[0] == doctest::Approx(computing));
    CHECK(f.seconds[1] ==
          doctest::Approx(computing + f.exchanged / 1e6 + 32 * (ranks - 1) * 0.001));
  }
  // A critic's gradients and weights travel, too.
  CHECK(forecast({"algorithm=ppo"}, 2).back().exchanged > 1.9 * forecast({}, 2).back().exchanged);
}

TEST_CASE("where sampling overlaps with learning the longer one counts") {
  const OpenedRun run = small_run({});
  const auto seconds = [&](double rollout, double update) {
    const ProcessStep step{.rollout = rollout, .update = update, .overlaps = true};
    return forecast_ranks(shape_of(run), /*chose_shards=*/true, 2, step, {{"fast", 1e30, 0}})
        .back()
        .seconds[0];
  };
  CHECK(seconds(2, 6) == doctest::Approx(3));
  CHECK(seconds(8, 6) == doctest::Approx(4));
}

TEST_CASE("a rank has a part of the moments, and less to sample") {
  const auto all = forecast({"threads=1"}, 4);
  REQUIRE(all.size() == 3);
  CHECK(all[1].memory < all[0].memory);
  CHECK(all[2].memory < all[1].memory);
}

TEST_CASE("numbers of ranks that cannot divide the shards are left out") {
  const auto all = forecast({"train.shards=12"}, 12);
  std::vector<std::int64_t> ranks;
  for (const RanksForecast& f : all) ranks.push_back(f.ranks);
  CHECK(ranks == std::vector<std::int64_t>{1, 12});
}
