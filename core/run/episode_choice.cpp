#include "core/run/episode_choice.h"

#include <xxhash.h>

#include <cmath>
#include <limits>
#include <tuple>

namespace tinyzero {
namespace {

std::uint64_t place_hash(std::int64_t place) { return XXH64(&place, sizeof place, 0); }

// One that is no number is lower than all that are.
double reward_of(const EpisodeRank& rank) {
  return std::isnan(rank.reward) ? -std::numeric_limits<double>::infinity() : rank.reward;
}

}  // namespace

bool comes_before(EpisodeOrder order, const EpisodeRank& a, const EpisodeRank& b) {
  if (order == EpisodeOrder::sample)
    return std::tuple(place_hash(a.place), a.place) < std::tuple(place_hash(b.place), b.place);
  const auto key = [order](const EpisodeRank& rank) {
    const bool worst = order == EpisodeOrder::worst;
    return std::tuple(worst ? reward_of(rank) : -reward_of(rank),
                      worst ? -rank.tokens : rank.tokens, rank.place);
  };
  return key(a) < key(b);
}

}  // namespace tinyzero
