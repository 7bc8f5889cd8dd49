// What an algorithm is before its author has written anything but prepare() and loss().

#include "tinyzero/algorithm.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/algorithm");

namespace {

class Least : public Algorithm {
 public:
  void describe(SettingsTable&) override {}
  void prepare(Batch&, AlgorithmHost&) override {}
  at::Tensor loss(const Batch&, const PolicyOutput&, Metrics&) const override { return {}; }
};

}  // namespace

TEST_CASE("defaults: no models, no variants, every problem kept, one round") {
  const Least algorithm;
  CHECK(algorithm.auxiliary_models().empty());
  CHECK(algorithm.variants().empty());
  CHECK(algorithm.zero_advantage_is_no_gradient());
  CHECK_FALSE(algorithm.kept_groups({}).defined());
  CHECK(algorithm.sampling_rounds() == 1);
  CHECK(algorithm.idle_settings({}).empty());
  CHECK_NOTHROW(algorithm.check());
  CHECK_NOTHROW(algorithm.check_plan({}));
}

TEST_CASE("an auxiliary model is frozen and gives log-probs unless it says otherwise") {
  const AuxiliaryModel model{.name = "reference"};
  CHECK(model.learning_rate == 0);
  CHECK_FALSE(model.value_head);
  CHECK_FALSE(model.at_temperature_1);
  CHECK(model.clip_norm == 1);
  CHECK(model.epochs == 0);
}

TEST_CASE("a fingerprint names everything that must be equal") {
  const std::string fingerprint = TINYZERO_FINGERPRINT;
  for (const char* field : {"api=", "torch=", "compiler=", "stdlib=", "standard=", "sanitizer="})
    CHECK(fingerprint.find(field) != std::string::npos);
}
