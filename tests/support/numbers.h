// Tensors of a few numbers, and a comparison with numbers worked out by hand.
#pragma once

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <vector>

namespace tinyzero {

inline at::Tensor doubles(std::vector<double> values) { return at::tensor(values, at::kDouble); }
inline at::Tensor floats(std::vector<float> values) { return at::tensor(values, at::kFloat); }
inline at::Tensor longs(std::vector<std::int64_t> values) { return at::tensor(values, at::kLong); }
inline at::Tensor bools(std::vector<std::int64_t> values) { return longs(values).to(at::kBool); }
inline at::Tensor all_usable(std::int64_t n) { return at::ones({n}, at::kBool); }

inline void check_numbers(const at::Tensor& got, const std::vector<double>& expected,
                          double tolerance = 1e-6) {
  REQUIRE(got.numel() == std::ssize(expected));
  const at::Tensor flat = got.detach().to(at::kDouble).reshape({-1});
  for (std::int64_t i = 0; i < flat.numel(); ++i) {
    CAPTURE(i);
    CHECK(flat[i].item<double>() == doctest::Approx(expected[i]).epsilon(tolerance));
  }
}

}  // namespace tinyzero
