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

// What an update exchanges for so many bytes of weights: gradients are added up, and each rank
// sends the weights of its range to all others.
ExchangeTime time_update(Ranks& ranks, std::int64_t bytes);

// What each rank sends for that: its gradient of the others' ranges, and its range to each of them.
double bytes_sent(const ExchangeTime& update, std::int64_t ranks);

}  // namespace tinyzero
