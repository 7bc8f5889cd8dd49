// An endless order of rows: epoch after epoch, each with every row once, in an order of its own.
#pragma once

#include <cstdint>

#include "tinyzero/rng.h"

namespace tinyzero::dataset {

// The row at `index` of the order of a seed, a function of these alone. A Feistel network permutes
// a power of four that holds the rows, and is applied until it gives one of them: four times at
// most, on average.
inline std::uint64_t row_at(std::uint64_t seed, std::uint64_t index, std::uint64_t rows) {
  constexpr int kRounds = 6;
  const std::uint64_t key = stream_key(seed, {index / rows});
  int half = 1;  // bits of a half
  while (half < 31 && (std::uint64_t{1} << (2 * half)) < rows) ++half;
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  std::uint64_t row = index % rows;
  do {
    std::uint64_t left = row >> half, right = row & mask;
    for (int round = 0; round < kRounds; ++round) {
      const std::uint64_t next = left ^ (philox(right, round, key).word[0] & mask);
      left = right;
      right = next;
    }
    row = left << half | right;
  } while (row >= rows);
  return row;
}

}  // namespace tinyzero::dataset
