// Angles of rotary positions (Su et al., arXiv:2104.09864), with positions divided by a factor
// (linear scaling, arXiv:2306.15595) or Llama 3's stretching of low frequencies.
#pragma once

#include <cstdint>
#include <vector>

namespace tinyzero {

struct ModelConfig;

// Cosines and sines of position · frequency, computed in double.
class RopeTable {
 public:
  explicit RopeTable(const ModelConfig& config);

  // Fills the rows of positions 0 … length-1. Pointers returned before become invalid.
  void ensure(std::int64_t length);

  // The row of a position: head_dim/2 values.
  const float* cosines(std::int64_t position) const { return cosines_.data() + position * half(); }
  const float* sines(std::int64_t position) const { return sines_.data() + position * half(); }

 private:
  std::int64_t half() const { return std::ssize(frequencies_); }

  std::vector<double> frequencies_;
  std::vector<float> cosines_;
  std::vector<float> sines_;
};

}  // namespace tinyzero
