#include "core/run/episode_choice.h"

#include <xxhash.h>

#include <cmath>
#include <limits>
#include <tuple>

namespace tinyzero {
namespace {

std::uint64_t index_hash(std::int64_t index) { return XXH64(&index, sizeof index, 0); }

// NaN counts as lower than all numbers.
double reward_of(const EpisodeRank& rank) {
  return std::isnan(rank.reward) ? -std::numeric_limits<double>::infinity() : rank.reward;
}

}  // namespace

bool comes_before(EpisodeOrder order, const EpisodeRank& a, const EpisodeRank& b) {
  if (order == EpisodeOrder::sample)
    return std::tuple(index_hash(a.index), a.index) < std::tuple(index_hash(b.index), b.index);
  const auto key = [order](const EpisodeRank& rank) {
    const bool worst = order == EpisodeOrder::worst;
    return std::tuple(worst ? reward_of(rank) : -reward_of(rank),
                      worst ? -rank.tokens : rank.tokens, rank.index);
  };
  return key(a) < key(b);
}

}  // namespace tinyzero
