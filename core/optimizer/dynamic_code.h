// Numbers in one byte: blocks of them share a scale, the largest magnitude in the block, and a byte
// names one of 256 levels of it.
//
// The levels are those of "8-bit optimizers via block-wise quantization" (Dettmers et al.,
// arXiv:2110.02861) and of its library bitsandbytes: seven decades from 1e-7 to 1, each divided
// evenly, the highest most finely, with 0 and 1. Signed, the highest decade has 64 steps for each
// sign; unsigned, for numbers that are never below 0, 128. So a number is off by 0.7 % of the
// block's largest at most, and small ones by much less.
//
// One departure: the unsigned code does not round down to 0 beside numbers that are not. These are
// mean squares by whose root AdamW divides: one that vanished would let its weight take a step of
// any size ("zero-point problem", Li et al., arXiv:2309.01507).
#pragma once

#include <array>
#include <cstdint>

namespace tinyzero {

inline constexpr std::int64_t kCodeBlock = 256;  // numbers that share a scale

class DynamicCode {
 public:
  explicit DynamicCode(bool is_signed);

  // The levels by code, ascending; code zero() is 0.
  const std::array<float, 256>& levels() const { return levels_; }
  int zero() const { return zero_; }

  // The codes of n numbers, which must be finite (unsigned: not below 0), and their scale; each the
  // level nearest to number / scale, above 0 if unsigned. A block of zeros has the scale 0.
  float encode(const float* in, std::int64_t n, std::uint8_t* codes) const;
  void decode(const std::uint8_t* codes, float scale, std::int64_t n, float* out) const {
    for (std::int64_t i = 0; i < n; ++i) out[i] = levels_[codes[i]] * scale;
  }

 private:
  // Magnitudes that agree in sign, exponent and the first 7 bits of the fraction lie in one bucket.
  // A bucket holds one border between two levels at most, so a level is found by one table and one
  // comparison. Below the lowest bucket everything is nearest to 0.
  static constexpr std::uint32_t kLowest = (127 - 23) << 7,
                                 kHighest = 127 << 7;  // of 2^-23 and of 1

  std::array<float, 256> levels_;
  std::array<float, 257> borders_;  // of magnitudes: between that many levels above 0 and one more;
                                    // of the highest: infinite
  std::array<std::uint8_t, kHighest - kLowest + 1>
      first_;  // levels above 0 at the lower end of a bucket
  int zero_;
  bool signed_;
};

}  // namespace tinyzero
