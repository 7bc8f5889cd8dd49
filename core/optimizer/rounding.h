// Stochastic rounding to bf16: a number between two neighbours a < b of bf16 becomes b with the
// chance (x - a) / (b - a), so that its expected value is x, and steps too small for bf16 are not
// lost on average. What is a number of bf16 stays as it is.
//
// The randomness is counter-based: a function of a key, which each step has its own of, and of the
// number's index.
#pragma once

#include <bit>
#include <cstdint>

#include "tinyzero/rng.h"

namespace tinyzero {

// The bits of x in bf16, by the lower 16 bits of `random`. Infinity stays, NaN stays NaN, and
// nothing finite becomes infinite.
inline std::uint16_t round_to_bf16(float x, std::uint32_t random) {
  constexpr std::uint32_t kInfinite = 0x7F800000u;
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t rounded = bits + (random & 0xFFFFu);
  const bool nan = (bits & ~0x80000000u) > kInfinite,
             overflows = nan || (rounded & ~0x80000000u) >= kInfinite;
  return static_cast<std::uint16_t>((overflows ? bits | (nan ? 0x400000u : 0u) : rounded) >> 16);
}

inline float from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

inline constexpr std::int64_t kRandomBlock = 256;  // numbers that RandomWords draws at most

// Words first … first + n - 1 of the stream `key`; n is at most kRandomBlock.
class RandomWords {
 public:
  RandomWords(std::uint64_t key, std::int64_t first, std::int64_t n) : skipped_(first % 4) {
    for (std::int64_t i = 0; i < (skipped_ + n + 3) / 4; ++i) {
      const Philox bits = philox(first / 4 + i, 0, key);
      for (int k = 0; k < 4; ++k) words_[4 * i + k] = bits.word[k];
    }
  }
  const std::uint32_t* data() const { return words_ + skipped_; }

 private:
  std::int64_t skipped_;
  std::uint32_t words_[kRandomBlock + 8];
};

// Rounds numbers first … last - 1 of x in place to numbers of bf16, number i by half i mod 2 of
// word i / 2 of the stream `key`. `threads` only changes the speed.
void round_all_to_bf16(float* x, std::int64_t first, std::int64_t last, std::uint64_t key,
                       std::int64_t threads);

}  // namespace tinyzero
