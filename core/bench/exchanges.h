// How fast ranks exchange what training exchanges. All ranks call for the same, and each measures
// by its own clock.
#pragma once

#include <cstdint>

namespace tinyzero {

class Ranks;

struct ExchangeTime {
  std::int64_t bytes = 0;  // that each rank brings
  double seconds = 0;      // the median of some rounds
};

// A gather of a few bytes: what ranks wait for at least whenever they agree on something.
ExchangeTime time_gather(Ranks& ranks);

// A sum of gradients of so many bytes, as in each update.
ExchangeTime time_sum(Ranks& ranks, std::int64_t bytes);

// What each rank sends in that sum: all slices but its own, and its slice of the sum to the others.
double bytes_sent(const ExchangeTime& sum, std::int64_t ranks);

}  // namespace tinyzero
