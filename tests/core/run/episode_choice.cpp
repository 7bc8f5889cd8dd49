#include "core/run/episode_choice.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/run/episode_choice");

TEST_CASE("the worst and the best of a step, with what is equal in a fixed order") {
  const std::vector<EpisodeRank> ranks = {{0, 5, 0}, {1, 5, 1}, {0, 9, 2},
                                          {0, 9, 3}, {1, 4, 4}, {std::nan(""), 1, 5}};
  const auto first = [&](EpisodeOrder order, std::size_t most) {
    FirstEpisodes<std::int64_t> chosen(order, most);
    for (const EpisodeRank& rank : ranks) chosen.add(rank, rank.index);
    return chosen.take();
  };
  CHECK(first(EpisodeOrder::worst, 4) == std::vector<std::int64_t>{5, 2, 3, 0});
  CHECK(first(EpisodeOrder::best, 3) == std::vector<std::int64_t>{4, 1, 0});
  CHECK(first(EpisodeOrder::worst, 100).size() == ranks.size());
  const auto drawn = first(EpisodeOrder::sample, 3);
  CHECK(drawn == first(EpisodeOrder::sample, 3));
  CHECK(std::set<std::int64_t>(drawn.begin(), drawn.end()).size() == 3);
}

TEST_CASE("the order is total and strict, so the same episodes give the same choice") {
  std::vector<EpisodeRank> ranks;
  for (std::int64_t i = 0; i < 40; ++i)
    ranks.push_back(
        {.reward = i % 7 == 6 ? std::nan("") : double(i % 3), .tokens = i % 5, .index = i});
  for (const EpisodeOrder order : {EpisodeOrder::worst, EpisodeOrder::best, EpisodeOrder::sample}) {
    for (const EpisodeRank& a : ranks) {
      for (const EpisodeRank& b : ranks) {
        CHECK(int(comes_before(order, a, b)) + int(comes_before(order, b, a)) ==
              int(a.index != b.index));
      }
    }
  }
}

TEST_CASE("a choice does not depend on the order in which episodes are added") {
  std::vector<EpisodeRank> ranks;
  for (std::int64_t i = 0; i < 100; ++i)
    ranks.push_back({.reward = double(i * 37 % 11), .tokens = i * 17 % 13, .index = i});
  for (const EpisodeOrder order : {EpisodeOrder::worst, EpisodeOrder::best, EpisodeOrder::sample}) {
    std::vector<EpisodeRank> sorted = ranks;
    std::sort(sorted.begin(), sorted.end(), [order](const EpisodeRank& a, const EpisodeRank& b) {
      return comes_before(order, a, b);
    });
    FirstEpisodes<std::int64_t> forward(order, 10);
    FirstEpisodes<std::int64_t> backward(order, 10);
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      forward.add(ranks[i], ranks[i].index);
      backward.add(ranks[ranks.size() - 1 - i], ranks[ranks.size() - 1 - i].index);
    }
    std::vector<std::int64_t> expected;
    for (std::size_t i = 0; i < 10; ++i) expected.push_back(sorted[i].index);
    CHECK(forward.take() == expected);
    CHECK(backward.take() == expected);
    CHECK(forward.take().empty());
  }
}

TEST_CASE("NaN is worse than every number") {
  const EpisodeRank none{.reward = std::nan(""), .index = 1};
  const EpisodeRank low{.reward = -1e300, .index = 2};
  CHECK(comes_before(EpisodeOrder::worst, none, low));
  CHECK(comes_before(EpisodeOrder::best, low, none));
}
