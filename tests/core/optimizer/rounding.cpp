// Stochastic rounding to bf16: unbiased, exact where it can be, and the same on any threads.

#include "core/optimizer/rounding.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "support/optimizer_golden.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/optimizer/rounding");

TEST_CASE("stochastic rounding gives one of the two neighbours, and the number itself on average") {
  constexpr std::int64_t kDraws = 40'000;
  for (const float x : {1.00312f, -0.3337f, 6.1e-5f, 1.0f + 1.0f / 512, 3e-39f, -255.3f}) {
    CAPTURE(x);
    std::vector<float> all(kDraws, x);
    round_all_to_bf16(all.data(), 0, kDraws, stream_key(5, {1}), 3);
    const auto bits = std::bit_cast<std::uint32_t>(x);
    const auto low = std::bit_cast<float>(bits & 0xFFFF0000u),
               high = std::bit_cast<float>((bits & 0xFFFF0000u) + 0x10000u);
    double sum = 0;
    std::int64_t others = 0;
    for (const float y : all) {
      others += y != low && y != high ? 1 : 0;
      sum += y;
    }
    CHECK(others == 0);
    const double step = std::abs(high - low), chance = std::abs(x - low) / step;
    const double deviation = step * std::sqrt(chance * (1 - chance) / kDraws);
    CHECK(std::abs(sum / kDraws - x) < 5 * deviation + 1e-6 * step);
    CHECK(std::abs(sum / kDraws - (chance < 0.5 ? low : high)) >
          5 * deviation);  // nearest would not do
  }
}

TEST_CASE(
    "what is a number of bf16 stays, infinity and NaN are what they were, and nothing finite "
    "becomes infinite") {
  const float largest = std::numeric_limits<float>::max(),
              bf16_largest = std::bit_cast<float>(0x7F7F0000u);
  for (std::uint32_t random = 0; random < 0x10000u; random += 0xFFF) {
    for (const float x :
         {1.0f, -0.15625f, 0.0f, bf16_largest, std::numeric_limits<float>::infinity()})
      CHECK(std::bit_cast<std::uint32_t>(from_bf16(round_to_bf16(x, random))) ==
            std::bit_cast<std::uint32_t>(x));
    CHECK(from_bf16(round_to_bf16(largest, random)) == bf16_largest);
    CHECK(from_bf16(round_to_bf16(-largest, random)) == -bf16_largest);
    CHECK(std::isnan(from_bf16(round_to_bf16(std::bit_cast<float>(0x7F800001u), random))));
    CHECK(std::isnan(from_bf16(round_to_bf16(std::bit_cast<float>(0xFFFFFFFFu), random))));
  }
}

TEST_CASE("rounding depends on key and place, not on threads or pieces") {
  std::vector<float> a(50'001), b, c;
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = gradient_at(static_cast<std::int64_t>(i), 2);
  b = c = a;
  round_all_to_bf16(a.data(), 0, 50'001, 9, 1);
  round_all_to_bf16(b.data(), 0, 50'001, 9, 4);
  round_all_to_bf16(c.data(), 0, 50'001, 10, 1);
  CHECK(a == b);
  CHECK(a != c);
}

TEST_CASE("random words are those of their stream, wherever a piece begins") {
  const RandomWords all(7, 0, 200);
  for (const std::int64_t first : {1, 2, 3, 4, 97}) {
    const RandomWords some(7, first, 50);
    for (std::int64_t i = 0; i < 50; ++i) CHECK(some.data()[i] == all.data()[first + i]);
  }
}
