#include "tinyzero/rng.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <vector>

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/rng");

// Known answers of Philox4x32-10 from the Random123 distribution (kat_vectors).
TEST_CASE("philox gives the known answers of its authors") {
  const Philox zeros = philox(0, 0, 0);
  CHECK(zeros.word[0] == 0x6627e8d5u);
  CHECK(zeros.word[1] == 0xe169c58du);
  CHECK(zeros.word[2] == 0xbc57ac4cu);
  CHECK(zeros.word[3] == 0x9b00dbd8u);
  const Philox ones = philox(~0ull, ~0ull, ~0ull);
  CHECK(ones.word[0] == 0x408f276du);
  CHECK(ones.word[1] == 0x41c83b0eu);
  CHECK(ones.word[2] == 0xa20bc7c6u);
  CHECK(ones.word[3] == 0x6d5451fdu);
  const Philox pi = philox(0x85a308d3243f6a88ull, 0x0370734413198a2eull, 0x299f31d0a4093822ull);
  CHECK(pi.word[0] == 0xd16cfe09u);
  CHECK(pi.word[1] == 0x94fdccebu);
  CHECK(pi.word[2] == 0x5001e420u);
  CHECK(pi.word[3] == 0x24126ea1u);
}

TEST_CASE("streams of neighbouring seeds and names have nothing in common") {
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (std::uint64_t name = 0; name < 20; ++name) {
      Rng rng(seed, {1, name});
      for (int i = 0; i < 10; ++i) CHECK(seen.insert(rng.next()).second);
    }
  }
  CHECK(stream_key(1, {2, 3}) != stream_key(1, {3, 2}));
  CHECK(stream_key(1, {2}) != stream_key(1, {2, 0}));
}

TEST_CASE("a stream can be read at any place") {
  Rng rng(7, {1});
  const std::uint64_t key = stream_key(7, {1});
  for (std::uint64_t i = 0; i < 100; ++i) CHECK(rng.uniform() == uniform_at(key, i));
}

TEST_CASE("below and between reach every value about equally often") {
  Rng rng(3);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[rng.below(7)];
  double chi2 = 0;
  for (const int count : counts) chi2 += (count - 10000.0) * (count - 10000.0) / 10000.0;
  CHECK(chi2 < 22.46);  // 99.9 % quantile with 6 degrees of freedom
  CHECK(rng.below(1) == 0);
  for (int i = 0; i < 1000; ++i) {
    const auto value = rng.between(-3, 2);
    CHECK(value >= -3);
    CHECK(value <= 2);
  }
}

TEST_CASE("uniform numbers lie in [0, 1) and fill it") {
  Rng rng(11);
  double low = 1, high = 0, sum = 0;
  for (int i = 0; i < 100000; ++i) {
    const double u = rng.uniform();
    low = std::min(low, u);
    high = std::max(high, u);
    sum += u;
  }
  CHECK(low >= 0);
  CHECK(low < 1e-4);
  CHECK(high < 1);
  CHECK(high > 1 - 1e-4);
  CHECK(std::abs(sum / 100000 - 0.5) < 0.005);
}

TEST_CASE("shuffle keeps the elements") {
  std::vector<int> cards(52);
  for (int i = 0; i < 52; ++i) cards[static_cast<std::size_t>(i)] = i;
  Rng rng(5);
  rng.shuffle(cards);
  CHECK(std::set<int>(cards.begin(), cards.end()).size() == 52);
  CHECK(cards[0] + 52 * cards[1] != 52);
}
