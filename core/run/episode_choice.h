// Which completions of a step to show first. The order is total, so the same file gives the same
// choice.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace tinyzero {

enum class EpisodeOrder {
  worst,   // lowest reward first, then the longest
  best,    // highest reward first, then the shortest
  sample,  // pseudo-random, by a hash of the index
};

struct EpisodeRank {
  double reward = 0;
  std::int64_t tokens = 0;
  std::int64_t index = 0;  // in the step, from 0; the order of otherwise equal ones
};

bool comes_before(EpisodeOrder order, const EpisodeRank& a, const EpisodeRank& b);

// Keeps the first `most` of all values that are added.
template <class T>
class FirstEpisodes {
 public:
  FirstEpisodes(EpisodeOrder order, std::size_t most) : most_(most), kept_(Before{order}) {}

  void add(const EpisodeRank& rank, T value) {
    kept_.emplace(rank, std::move(value));
    if (kept_.size() > most_) kept_.erase(std::prev(kept_.end()));
  }

  // The kept values, in order; none are left.
  std::vector<T> take() {
    std::vector<T> out;
    for (auto& [rank, value] : kept_) out.push_back(std::move(value));
    kept_.clear();
    return out;
  }

 private:
  struct Before {
    EpisodeOrder order;
    bool operator()(const EpisodeRank& a, const EpisodeRank& b) const {
      return comes_before(order, a, b);
    }
  };

  std::size_t most_;
  std::map<EpisodeRank, T, Before> kept_;
};

}  // namespace tinyzero
