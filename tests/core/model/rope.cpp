// Rotary positions against their formula in double, and what each scaling does to frequencies.

#include "core/model/rope.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "support/model_folder.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/model/rope");

namespace {

ModelConfig plain_config() {
  ModelConfig c = ModelConfig::from_json(published_config("meta-llama/Llama-3.2-1B"), "x");
  c.rope_scaling = RopeScaling::none;
  return c;
}

// The angle of position 1 in the row of a table, which is its frequency.
double frequency(const RopeTable& table, std::int64_t i) {
  return std::atan2(table.sines(1)[i], table.cosines(1)[i]);
}

}  // namespace

TEST_CASE("angles are position · theta^(-2i/d)") {
  const ModelConfig c = plain_config();
  RopeTable table(c);
  table.ensure(101);
  for (const std::int64_t position : {0, 1, 17, 100}) {
    for (std::int64_t i = 0; i < c.head_dim / 2; ++i) {
      const double angle = position * std::pow(c.rope_theta, -2.0 * i / c.head_dim);
      CHECK(table.cosines(position)[i] == doctest::Approx(std::cos(angle)).epsilon(1e-4));
      CHECK(table.sines(position)[i] == doctest::Approx(std::sin(angle)).epsilon(1e-4));
    }
  }
}

TEST_CASE("a table that grows keeps its rows") {
  const ModelConfig c = plain_config();
  RopeTable at_once(c);
  at_once.ensure(40);
  RopeTable grown(c);
  for (const std::int64_t length : {1, 2, 40, 7}) grown.ensure(length);
  for (std::int64_t position = 0; position < 40; ++position) {
    for (std::int64_t i = 0; i < c.head_dim / 2; ++i) {
      CHECK(grown.cosines(position)[i] == at_once.cosines(position)[i]);
      CHECK(grown.sines(position)[i] == at_once.sines(position)[i]);
    }
  }
}

TEST_CASE("linear scaling: position p is as position p / factor without it") {
  const ModelConfig plain = plain_config();
  ModelConfig stretched = plain;
  stretched.rope_scaling = RopeScaling::linear;
  stretched.rope_factor = 4.0;
  RopeTable a(plain);
  RopeTable b(stretched);
  a.ensure(50);
  b.ensure(200);
  for (std::int64_t i = 0; i < plain.head_dim / 2; ++i) {
    CHECK(b.cosines(4 * 37)[i] == a.cosines(37)[i]);  // 4 is a power of two: no rounding differs
    CHECK(b.sines(4 * 37)[i] == a.sines(37)[i]);
  }
}

TEST_CASE("Llama 3: short waves stay, long ones are stretched, those between are in between") {
  const ModelConfig plain = plain_config();
  const ModelConfig scaled =
      ModelConfig::from_json(published_config("meta-llama/Llama-3.2-1B"), "x");
  REQUIRE(scaled.rope_scaling == RopeScaling::llama3);
  RopeTable before(plain);
  RopeTable after(scaled);
  before.ensure(2);
  after.ensure(2);
  int kept = 0;
  int stretched = 0;
  int between = 0;
  for (std::int64_t i = 0; i < plain.head_dim / 2; ++i) {
    const double f = frequency(before, i);
    const double ratio = frequency(after, i) / f;
    const double wavelength = 2 * std::numbers::pi / f;
    if (wavelength < scaled.rope_original_context / scaled.rope_high_factor) {
      CHECK(ratio == doctest::Approx(1.0));
      ++kept;
    } else if (wavelength > scaled.rope_original_context / scaled.rope_low_factor) {
      CHECK(ratio == doctest::Approx(1.0 / scaled.rope_factor).epsilon(1e-3));
      ++stretched;
    } else {
      CHECK(ratio < 1.0);
      CHECK(ratio > 1.0 / scaled.rope_factor);
      ++between;
    }
  }
  CHECK(kept > 0);
  CHECK(stretched > 0);
  CHECK(between > 0);
}
