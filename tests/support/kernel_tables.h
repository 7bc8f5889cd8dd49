// Tests of kernels: every table of this machine held against the scalar one.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "core/kernels/kernels.h"
#include "tinyzero/rng.h"

namespace tinyzero {

inline std::vector<float> random_floats(Rng& rng, Index n, double scale = 1.0) {
  std::vector<float> out(n);
  for (float& x : out) x = static_cast<float>(scale * (2.0 * rng.uniform() - 1.0));
  return out;
}

inline void check_near(const std::vector<float>& a, const std::vector<float>& b, double tolerance) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - b[i]) / (1.0 + std::abs(b[i])));
  CHECK(worst <= tolerance);
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Calls test(table, the scalar table of the same words) for every table of this machine.
template <class Test>
void for_tables(const Test& test) {
  for (const char* name : kernel_names()) {
    CAPTURE(name);
    test(kernels(name), kernels(kernels(name).numbers_per_word == 1 ? "scalar" : "scalar-bf16"));
  }
}

}  // namespace tinyzero
