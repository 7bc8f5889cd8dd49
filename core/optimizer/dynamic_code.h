// Numbers in one byte. A block of numbers shares a scale, its largest magnitude, and a byte names
// one of 256 levels, which are fractions of the scale.
//
// The levels are those of "8-bit optimizers via block-wise quantization" (Dettmers et al.,
// arXiv:2110.02861) and of its library bitsandbytes: 0, 1, and seven decades from 1e-7 to 1, each
// divided evenly, the highest most finely. Signed, the highest decade has 64 steps for each sign;
// unsigned, for numbers that are never below 0, it has 128. So a number is off by at most 0.7 % of
// the block's largest, and a small one by much less.
//
// One departure: the unsigned code rounds no number down to 0 unless the whole block is 0. Its
// numbers are mean squares by whose root AdamW divides: a vanished one would let its weight take a
// step of any size ("zero-point problem", Li et al., arXiv:2309.01507).
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

  // Writes the codes of n numbers and returns their scale. Numbers must be finite and, if unsigned,
  // not below 0. A code is that of the level nearest to number / scale, above 0 if unsigned. A
  // block of zeros has the scale 0.
  float encode(const float* in, std::int64_t n, std::uint8_t* codes) const;
  void decode(const std::uint8_t* codes, float scale, std::int64_t n, float* out) const {
    for (std::int64_t i = 0; i < n; ++i) out[i] = levels_[codes[i]] * scale;
  }

 private:
  // Magnitudes that agree in sign, exponent and the first 7 bits of the fraction lie in one bucket.
  // A bucket holds one border between two levels at most, so a level is found by one table and one
  // comparison. Below the lowest bucket everything is nearest to 0.
  static constexpr std::uint32_t kLowest = (127 - 23) << 7;  // the bucket of 2^-23
  static constexpr std::uint32_t kHighest = 127 << 7;        // the bucket of 1

  std::array<float, 256> levels_;
  // Borders of magnitudes: borders_[i] lies between i levels above 0 and one more. Behind the
  // highest level they are infinite.
  std::array<float, 257> borders_;
  // By bucket: levels above 0 at its lower end.
  std::array<std::uint8_t, kHighest - kLowest + 1> first_;
  int zero_;
  bool signed_;
};

}  // namespace tinyzero
