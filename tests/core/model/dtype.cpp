// f32, bf16 and f16: every half number, and rounding to nearest with ties to even.

#include "core/model/dtype.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/base/error.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/model/dtype");

namespace {

float from_bits(Dtype dtype, std::uint16_t bits) {
  float out = 0;
  to_float(dtype, reinterpret_cast<const char*>(&bits), 1, &out);
  return out;
}

std::uint16_t to_bits(Dtype dtype, float value) {
  std::uint16_t bits = 0;
  from_float(dtype, &value, 1, reinterpret_cast<char*>(&bits));
  return bits;
}

// The value of a half number from its definition: sign, exponent, fraction.
double definition(Dtype dtype, std::uint16_t bits) {
  const int fraction_bits = dtype == Dtype::f16 ? 10 : 7, bias = dtype == Dtype::f16 ? 15 : 127,
            top = dtype == Dtype::f16 ? 31 : 255;
  const int exponent = (bits & 0x7FFF) >> fraction_bits,
            fraction = bits & ((1 << fraction_bits) - 1);
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == top)
    return fraction != 0 ? std::nan("") : sign * std::numeric_limits<double>::infinity();
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign * std::ldexp((1 << fraction_bits) + fraction, exponent - bias - fraction_bits);
}

}  // namespace

TEST_CASE("every half number is read as its definition says, and comes back") {
  for (const Dtype dtype : {Dtype::f16, Dtype::bf16}) {
    int wrong = 0;
    for (int i = 0; i < 65536; ++i) {
      const auto bits = static_cast<std::uint16_t>(i);
      const float value = from_bits(dtype, bits);
      const double expected = definition(dtype, bits);
      if (std::isnan(expected))
        wrong += std::isnan(value) && std::isnan(from_bits(dtype, to_bits(dtype, value))) ? 0 : 1;
      else
        wrong += static_cast<double>(value) == expected &&
                         std::signbit(value) == std::signbit(expected) &&
                         to_bits(dtype, value) == bits
                     ? 0
                     : 1;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("between two half numbers the nearer one is taken, in the middle the even one") {
  for (const Dtype dtype : {Dtype::f16, Dtype::bf16}) {
    const int last = dtype == Dtype::f16 ? 0x7BFF : 0x7F7F;  // the largest finite one
    int wrong = 0;
    for (int i = 0; i < last; ++i) {
      const auto low = static_cast<std::uint16_t>(i), high = static_cast<std::uint16_t>(i + 1);
      const auto middle =
          static_cast<float>(0.5 * definition(dtype, low) + 0.5 * definition(dtype, high));
      wrong += to_bits(dtype, middle) == ((i & 1) == 0 ? low : high) ? 0 : 1;
      wrong += to_bits(dtype, std::nextafter(middle, 0.0f)) == low ? 0 : 1;
      wrong += to_bits(dtype, std::nextafter(middle, INFINITY)) == high ? 0 : 1;
      wrong += to_bits(dtype, -middle) == (0x8000 | ((i & 1) == 0 ? low : high)) ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("what is too large becomes infinite, NaN stays NaN") {
  CHECK(to_bits(Dtype::f16, 65519.99f) == 0x7BFF);
  CHECK(to_bits(Dtype::f16, 65520.0f) == 0x7C00);
  CHECK(to_bits(Dtype::f16, -1e30f) == 0xFC00);
  CHECK(to_bits(Dtype::bf16, 3.4e38f) == 0x7F80);
  for (const Dtype dtype : {Dtype::f16, Dtype::bf16}) {
    CHECK(std::isnan(from_bits(
        dtype, to_bits(dtype, std::bit_cast<float>(
                                  0x7F800001u)))));  // a fraction that rounding would lose
    CHECK(std::isinf(from_bits(dtype, to_bits(dtype, std::numeric_limits<float>::infinity()))));
  }
}

TEST_CASE("the first number that is NaN or infinite is found, wherever it is") {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16}) {
    const std::size_t size = bytes_of(dtype);
    for (const std::size_t n : {1u, 2u, 100u, 4095u, 4096u, 4097u, 9000u}) {
      std::vector<float> values(
          n, dtype == Dtype::f16 ? -65504.0f : -3.38e38f);  // nearly the largest numbers
      std::vector<char> bytes(n * size + 1);                // not aligned
      const auto found = [&] {
        from_float(dtype, values.data(), n, bytes.data() + 1);
        return first_not_finite(dtype, bytes.data() + 1, n);
      };
      CHECK(found() == n);
      for (const float bad : {std::nanf(""), infinity, -infinity}) {
        for (const std::size_t at : {n - 1, n / 2, std::size_t{0}}) {
          values[at] = bad;
          CHECK(found() == at);
        }
        std::fill(values.begin(), values.end(), 0.0f);
      }
    }
  }
}

TEST_CASE("arrays need not be aligned, and names lead to types and back") {
  std::vector<char> bytes(1 + 6);
  const float values[] = {1.5f, -2.0f, 0.25f};
  from_float(Dtype::bf16, values, 3, bytes.data() + 1);
  float out[3];
  to_float(Dtype::bf16, bytes.data() + 1, 3, out);
  CHECK(std::memcmp(values, out, sizeof out) == 0);
  for (const char* name : {"f32", "bf16", "f16"}) CHECK(name_of(dtype_from_name(name)) == name);
  CHECK_THROWS_AS(dtype_from_name("f64"), Error);
}
