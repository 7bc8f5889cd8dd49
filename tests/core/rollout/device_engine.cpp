// The engine of CUDA devices, its kernels and its schedule, run on the host: against golden numbers
// and against the CPU engine.

#include "core/base/random_streams.h"
#include "core/rollout/cuda/engine.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/rollout/not_finite.h"
#include "support/device_checks.h"
#include "support/emulated_device.h"
#include "support/small_model.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/device_engine");

namespace {

std::shared_ptr<EmulatedDevice> host(bool falling = false) {
  return std::make_shared<EmulatedDevice>(EmulatedDevice::Options{std::int64_t{4} << 30, falling});
}

Model tiny_model() {
  return random_model({.layers = 1,
                       .width = 32,
                       .heads = 2,
                       .kv_heads = 2,
                       .head_dim = 16,
                       .mlp = 32,
                       .context = 300,
                       .seed = 4});
}

std::vector<Prompt> many_prompts() { return std::vector<Prompt>(60, Prompt{{1, 2, 3}, 2}); }

}  // namespace

TEST_CASE("golden log-probs and greedy tokens") { check_golden_models(host()); }

TEST_CASE("the tokens of the CPU engine") {
  for (const bool falling : {false, true}) check_tokens_of_cpu(host(falling));
}

TEST_CASE("tokens do not depend on slots, looks or company") {
  check_independence(host(), Dtype::f32);
  check_independence(host(), Dtype::bf16);
}

TEST_CASE("logits that are no numbers are named with prompt, sample and token") {
  Model model = tiny_model();
  std::fill_n(model.weights.data() + model.layout.final_norm(), model.config.width,
              3e38f);  // finite, unlike what follows from it
  DeviceEngine engine(host(), model, {Dtype::f32});
  for (const double temperature : {0.0, 1.0}) {
    CHECK_THROWS_WITH_AS(engine.generate({{{1, 2}, 1}}, {5, temperature, {}}),
                         doctest::Contains("at token 1 of the completion of prompt 1, sample 1"),
                         NotFinite);
  }
  CHECK_THROWS_WITH_AS(engine.score({{1}, {1, 2, 3}}, 1.0),
                       doctest::Contains("at token 2 of sequence 2"), NotFinite);
}

TEST_CASE("heads and lengths of many sizes") { check_shapes(host(true)); }

TEST_CASE("log-probs in bf16 stay near those in f32") { check_bf16(host()); }

// What depends on the order of threads within a phase, or of blocks, would be a race on a device.
TEST_CASE("threads and blocks in falling order give the same bits") {
  const Model model = tiny_model();
  const Sampling sampling{20, 1.0, {7}, 3, RandomStream::rollout, 0, 6, 0.9};
  for (const Dtype precision : {Dtype::f32, Dtype::bf16}) {
    DeviceEngine rising(host(false), model, {precision}), falling(host(true), model, {precision});
    const auto a = rising.generate(many_prompts(), sampling),
               b = falling.generate(many_prompts(), sampling);
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      CHECK(a[i].tokens == b[i].tokens);
      CHECK(a[i].logp == b[i].logp);
    }
    CHECK(rising.score({{1, 2, 3, 4}}, 1.0) == falling.score({{1, 2, 3, 4}}, 1.0));
  }
}

TEST_CASE("a pass is recorded once for each number of rows, and looked at every few passes") {
  const Model model = tiny_model();
  const auto device = host();
  DeviceEngine engine(device, model);
  const Sampling sampling{16, 1.0, {}, 3, RandomStream::rollout, 0};
  engine.generate(many_prompts(), sampling);
  CHECK(device->recordings == 1);  // 120 completions end together
  CHECK(device->replays == 15);    // the first pass is not one
  engine.generate(many_prompts(), sampling);
  CHECK(device->recordings == 1);
  CHECK(device->replays == 31);
  Sampling uneven = sampling;
  for (std::int64_t i = 0; i < 120; ++i) uneven.lengths.push_back(i < 30 ? 16 : 8);
  engine.generate(many_prompts(), uneven);
  CHECK(device->recordings == 2);  // 128 rows, then 32
}

TEST_CASE(
    "less memory gives fewer slots and the same tokens, too little an error with both numbers") {
  const Model model = tiny_model();
  const Sampling sampling{16, 1.0, {}, 3, RandomStream::rollout, 0};
  DeviceEngine ample(host(), model);
  const auto expected = ample.generate(many_prompts(), sampling);
  const auto small = std::make_shared<EmulatedDevice>(EmulatedDevice::Options{2'500'000});
  DeviceEngine engine(small, model);
  const auto got = engine.generate(many_prompts(), sampling);
  CHECK(engine.statistics().slot_use > 0.5);
  CHECK(small->replays > 16);
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i].tokens == expected[i].tokens);
  const auto none = std::make_shared<EmulatedDevice>(EmulatedDevice::Options{400'000});
  DeviceEngine starved(none, model);
  CHECK_THROWS_WITH_AS(starved.generate(many_prompts(), sampling),
                       doctest::Contains("MiB of the device's memory"), Failure);
}

TEST_CASE("weights that lie on the device are used where they are") {
  Model model = tiny_model();
  const auto device = host();
  const Sampling sampling{16, 1.0, {}, 3, RandomStream::rollout, 0};
  DeviceEngine copied(device, model);
  DeviceEngine shared(
      device, model,
      weights_in_place(model, model.weights.data(), Dtype::f32, model.weights.data()), {});
  const auto before = copied.generate(many_prompts(), sampling);
  CHECK(shared.generate(many_prompts(), sampling).back().tokens == before.back().tokens);
  for (std::int64_t i = 0; i < model.weights.size(); ++i) model.weights.data()[i] *= 1.5f;
  CHECK(copied.generate(many_prompts(), sampling).back().logp == before.back().logp);
  copied.refresh();
  const auto after = copied.generate(many_prompts(), sampling);
  CHECK(after.back().logp != before.back().logp);
  CHECK(shared.generate(many_prompts(), sampling).back().logp ==
        after.back().logp);  // without a refresh
}

TEST_CASE("memory is given back") {
  const Model model = tiny_model();
  const auto device = host();
  {
    DeviceEngine engine(device, model);
    engine.generate(many_prompts(), {16, 1.0, {}, 3, RandomStream::rollout, 0});
    CHECK(device->used() > UploadedWeights::bytes(model, Dtype::f32));
  }
  CHECK(device->used() == 0);
}

TEST_CASE("tokens are told as they come, where there is one completion") {
  const Model model = tiny_model();
  DeviceEngine engine(host(), model);
  Sampling sampling{16, 1.0, {}, 3, RandomStream::rollout, 0};
  std::vector<std::int32_t> told;
  sampling.on_token = [&](std::int32_t id) { told.push_back(id); };
  CHECK(engine.generate({{{1, 2}, 1}}, sampling).front().tokens == told);
  told.clear();
  engine.generate({{{1, 2}, 2}}, sampling);
  CHECK(told.empty());
}

TEST_CASE("what cannot be decoded is refused") {
  Model model = tiny_model();
  DeviceEngine engine(host(), model);
  CHECK_THROWS_WITH_AS(engine.generate({{{}, 1}}, {}), doctest::Contains("empty prompt"), Error);
  CHECK_THROWS_WITH_AS(engine.generate({{{40}, 1}}, {}),
                       doctest::Contains("outside the model's vocabulary of 40"), Error);
  CHECK_THROWS_WITH_AS(engine.score({{1, -1}}, 1.0), doctest::Contains("token id -1"), Error);
  Sampling many;
  many.eos.resize(65);
  CHECK_THROWS_WITH_AS(engine.generate({{{1}, 1}}, many), doctest::Contains("65 end tokens"),
                       Error);
  ModelConfig odd = model.config;
  odd.head_dim = 12;
  CHECK(DevicePass::unsupported(odd, Dtype::f32).empty());
  CHECK(DevicePass::unsupported(odd, Dtype::bf16) ==
        "heads of 12 components, the kernels take multiples of 8 in bf16");
  odd.head_dim = 512;
  CHECK_FALSE(DevicePass::unsupported(odd, Dtype::f32).empty());
  const Model critic = auxiliary_model_of(model, true);
  CHECK_THROWS_WITH_AS(DeviceEngine(host(), critic), doctest::Contains("critic"), Error);
}

TEST_CASE("products of many shapes") {
  EmulatedDevice device;
  check_products(device);
}
