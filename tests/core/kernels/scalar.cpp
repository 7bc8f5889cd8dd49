// The scalar kernels against numbers worked out by hand: what all other kernels are held against.

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "core/kernels/kernels.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/kernels/scalar");

namespace {

const Kernels& scalar() { return kernels("scalar"); }

std::uint32_t bits_of(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

}  // namespace

TEST_CASE("a product with bias, and added to what is there") {
  const float x[] = {1, 2, 3, 4}, w[] = {1, 0, -1, 1, 2, 2},
              bias[] = {10, 20, 30};  // (2, 2), (3, 2)
  float packed[6], y[6];
  CHECK(scalar().packed_size(3, 2) == 6);
  scalar().pack(w, 2, 1, 3, 2, packed);
  scalar().matmul({.data = x, .row_stride = 2, .word_stride = 1}, 2, 2, packed, 3, bias, false, y,
                  3);
  const std::vector<float> expected = {11, 21, 36, 13, 21, 44};
  CHECK(std::vector<float>(y, y + 6) == expected);
  scalar().matmul({.data = x, .row_stride = 2, .word_stride = 1}, 2, 2, packed, 3, nullptr, true, y,
                  3);
  CHECK(std::vector<float>(y, y + 6) == std::vector<float>{12, 22, 42, 16, 22, 58});
}

TEST_CASE("a word of bf16 holds two numbers, the first in the low half, rounded to even") {
  const float x[] = {1.0f, -2.0f, 1.00390625f};  // the last is halfway between 1 and 1.0078125
  float words[2];
  kernels("scalar-bf16").to_words(x, 3, 1, 3, words);
  CHECK(bits_of(words[0]) == 0xC0003F80u);
  CHECK(bits_of(words[1]) == 0x00003F80u);
}

TEST_CASE("norm, gate and rotation") {
  const float x[] = {3, 4}, weight[] = {1, 2};
  float y[2];
  scalar().rms_norm(x, 2, weight, 0.0f, 1, 2, y, 2);  // the root of the mean square is 5 / √2
  CHECK(y[0] == doctest::Approx(3 * std::sqrt(2.0) / 5));
  CHECK(y[1] == doctest::Approx(8 * std::sqrt(2.0) / 5));
  const float gate_up[] = {0, 100, 7, 3};
  scalar().swiglu(gate_up, 1, 2, y);
  CHECK(y[0] == 0);
  CHECK(y[1] == doctest::Approx(300));
  float pair[] = {1, 0};
  const float cosine[] = {0}, sine[] = {1};
  scalar().rope(pair, 1, 2, cosine, sine);  // a quarter turn
  CHECK(pair[0] == 0);
  CHECK(pair[1] == 1);
}

TEST_CASE("equal scores weigh values equally, over both segments") {
  const float q[] = {0, 0}, values[] = {1, 2, 3, 4, 8, 0};
  float keys[6] = {}, scratch[16], out[2];
  float first[4], second[2];
  for (Index t = 0; t < 2; ++t) scalar().store_value(values + 2 * t, 2, t, first);
  scalar().store_value(values + 4, 2, 0, second);
  const KeyValues segments[] = {{.keys = keys, .values = first, .length = 2},
                                {.keys = keys, .values = second, .length = 1}};
  scalar().attend(q, 1, 2, 1.0f, segments, 2, scratch, out);
  CHECK(out[0] == doctest::Approx(4));
  CHECK(out[1] == doctest::Approx(2));
}

TEST_CASE("distributions of two tokens, one three times as likely") {
  float logits[] = {std::log(3.0f), 0};
  float largest = 0;
  double sum = 0, weighted = 0;
  scalar().distribution(logits, 2, 1.0f, largest, sum, weighted);
  CHECK(largest == logits[0]);
  CHECK(sum == doctest::Approx(4.0 / 3));
  CHECK(weighted == doctest::Approx(-std::log(3.0) / 3));
  scalar().exponentials(logits, 2, 1.0f, largest, sum);
  CHECK(sum == doctest::Approx(4.0 / 3));
  CHECK(logits[0] == 1);
  CHECK(logits[1] == doctest::Approx(1.0 / 3));
}
