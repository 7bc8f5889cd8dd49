// Numbers as words, bit for bit as the scalar kernels have them.

#include <doctest/doctest.h>

#include "support/kernel_tables.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/kernels/vector/words");

namespace {

// x (m, k) as words, by rows or, of x^T, by columns.
std::vector<float> narrowed(const Kernels& table, const std::vector<float>& x, Index m, Index k,
                            bool columns) {
  std::vector<float> words(m * table.words(k));
  if (columns) table.columns_to_words(x.data(), m, k, m, words.data());
  else table.to_words(x.data(), k, m, k, words.data());
  return words;
}

}  // namespace

TEST_CASE("words hold numbers to the last bit as the reference has them") {
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(20);
    for (int trial = 0; trial < 40; ++trial) {
      const Index m = rng.between(1, 40), k = rng.between(1, 70);
      auto x = random_floats(rng, m * k, std::pow(10.0, static_cast<double>(rng.between(-40, 38))));
      const float special[] = {0.0f,        -0.0f,       INFINITY, -INFINITY, 3.3961775e38f,
                               1.00390625f, 1.01171875f, 1e-40f};  // ties, overflow, subnormal
      for (const float value : special) x[rng.between(0, m * k - 1)] = value;
      for (const bool columns : {false, true})
        CHECK(same_bits(narrowed(fast, x, m, k, columns), narrowed(slow, x, m, k, columns)));
    }
    // Every number of NaN is NaN: of bf16 pairs the low half has all exponent bits and a fraction
    // as well.
    for (const float word : narrowed(fast, std::vector<float>(8, NAN), 2, 4, false)) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, &word, sizeof bits);
      CHECK(std::isnan(word));
      if (fast.numbers_per_word == 2) CHECK((bits & 0x7FFF) > 0x7F80);
    }
  });
}
