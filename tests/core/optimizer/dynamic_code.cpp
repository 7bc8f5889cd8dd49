// Numbers in a byte: levels and codes as in bitsandbytes, and the nearest level for every number.

#include "core/optimizer/dynamic_code.h"

#include <doctest/doctest.h>

#include <cmath>

#include "support/optimizer_golden.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/optimizer/dynamic_code");

namespace {

// The level nearest to x / scale, by trying all; the unsigned code leaves 0 out.
int nearest(const DynamicCode& code, float x, float scale) {
  int best = 255;
  for (int c = code.zero() == 0 ? 1 : 0; c < 256; ++c) {
    const auto distance = [&](int k) {
      return std::abs(code.levels()[static_cast<std::size_t>(k)] - static_cast<double>(x) / scale);
    };
    if (distance(c) < distance(best)) best = c;
  }
  return best;
}

}  // namespace

TEST_CASE("levels and codes are those of bitsandbytes") {
  for (const bool is_signed : {true, false}) {
    const Json& golden = bitsandbytes()[is_signed ? "signed" : "unsigned"];
    const DynamicCode code(is_signed);
    for (std::size_t i = 0; i < 256; ++i)
      CHECK(code.levels()[i] == doctest::Approx(golden["levels"][i].get<double>()).epsilon(1e-6));
    CHECK(code.levels()[static_cast<std::size_t>(code.zero())] == 0);
    const std::vector<float> numbers = golden["numbers"], scales = golden["scales"],
                             back = golden["back"];
    const std::vector<int> codes = golden["codes"];
    for (std::size_t block = 0; block * kCodeBlock < numbers.size(); ++block) {
      const std::size_t begin = block * kCodeBlock,
                        n = std::min<std::size_t>(kCodeBlock, numbers.size() - begin);
      std::vector<std::uint8_t> ours(n);
      std::vector<float> read(n);
      const float scale =
          code.encode(numbers.data() + begin, static_cast<std::int64_t>(n), ours.data());
      CHECK(scale == scales[block]);
      code.decode(ours.data(), scale, static_cast<std::int64_t>(n), read.data());
      int differ = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const bool lifted =
            !is_signed && codes[begin + i] == 0;  // the one departure: not down to 0
        differ += ours[i] != (lifted ? 1 : codes[begin + i]) ? 1 : 0;
        if (!lifted) CHECK(read[i] == doctest::Approx(back[begin + i]).epsilon(1e-5));
      }
      CHECK(differ == 0);
    }
  }
}

TEST_CASE("a code is the nearest level, for numbers of every size, and a level is its own") {
  for (const bool is_signed : {true, false}) {
    const DynamicCode code(is_signed);
    Rng rng(3);
    float block[kCodeBlock];
    std::uint8_t codes[kCodeBlock];
    for (int round = 0; round < 40; ++round) {
      const double scale = std::pow(10.0, 10 - round / 2);
      for (float& x : block) {
        const double magnitude = scale * std::pow(10.0, -9.0 * rng.uniform()),
                     sign = is_signed && rng.chance(0.5) ? -1 : 1;
        x = static_cast<float>(sign * magnitude);
      }
      const float largest = code.encode(block, kCodeBlock, codes);
      for (std::size_t i = 0; i < kCodeBlock; ++i) {
        const int best = nearest(code, block[i], largest);
        const auto error = [&](int c) {
          return std::abs(code.levels()[static_cast<std::size_t>(c)] * largest - block[i]);
        };
        CHECK(error(codes[i]) <= doctest::Approx(error(best)).epsilon(1e-4));
        CHECK(error(codes[i]) <=
              0.0072 *
                  largest);  // half a step of the highest decade; of the negative end, a whole one
      }
    }
    std::copy(code.levels().begin(), code.levels().end(), block);
    CHECK(code.encode(block, kCodeBlock, codes) == 1.0f);
    for (int i = is_signed ? 0 : 1; i < kCodeBlock; ++i) CHECK(codes[i] == i);
    const float zeros[3] = {0.0f, -0.0f, 0.0f};
    CHECK(code.encode(zeros, 3, codes) == 0);
    code.decode(codes, 0, 3, block);
    CHECK(block[0] == 0);
  }
}
