// The engine of CUDA devices, its kernels and its schedule, run on the host: against golden numbers
// and against the CPU engine.

#include "core/rollout/cuda/engine.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/rollout/not_finite.h"
#include "support/device_checks.h"
#include "support/emulated_device.h"
#include "support/small_model.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/cuda/engine");

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

std::vector<Prompt> many_prompts() {
  return std::vector<Prompt>(60, Prompt{.ids = {1, 2, 3}, .samples = 2});
}

Sampling sixteen_tokens() { return {.max_tokens = 16, .seed = 3, .stream = RandomStream::rollout}; }

}  // namespace

TEST_CASE("golden log-probs and greedy tokens") { check_golden_models(host()); }

TEST_CASE("the tokens of the CPU engine") {
  for (const bool falling : {false, true}) check_tokens_of_cpu(host(falling));
}

TEST_CASE("tokens do not depend on slots, looks or company") {
  check_independence(host(), Dtype::f32);
  check_independence(host(), Dtype::bf16);
}

TEST_CASE("logits that are not numbers are named with prompt, sample and token") {
  Model model = tiny_model();
  std::fill_n(model.weights.data() + model.layout.final_norm(), model.config.width,
              3e38f);  // finite, unlike what follows from it
  DeviceEngine engine(host(), model, {Dtype::f32});
  for (const double temperature : {0.0, 1.0}) {
    CHECK_THROWS_WITH_AS(
        engine.generate({{.ids = {1, 2}}}, {.max_tokens = 5, .temperature = temperature}),
        doctest::Contains("at token 1 of the completion of prompt 1, sample 1"), NotFinite);
  }
  CHECK_THROWS_WITH_AS(engine.score({{1}, {1, 2, 3}}, 1.0),
                       doctest::Contains("at token 2 of sequence 2"), NotFinite);
}

TEST_CASE("heads and lengths of many sizes") { check_shapes(host(true)); }

TEST_CASE("log-probs in bf16 stay near those in f32") { check_bf16(host()); }

// What depends on the order of threads within a phase, or of blocks, would be a race on a device.
TEST_CASE("threads and blocks in falling order give the same bits") {
  const Model model = tiny_model();
  const Sampling sampling{.max_tokens = 20,
                          .eos = {7},
                          .seed = 3,
                          .stream = RandomStream::rollout,
                          .top_k = 6,
                          .top_p = 0.9};
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
  const Sampling sampling = sixteen_tokens();
  engine.generate(many_prompts(), sampling);
  CHECK(device->recordings == 1);  // 120 completions end together
  CHECK(device->replays == 15);    // the first pass is not one
  engine.generate(many_prompts(), sampling);
  CHECK(device->recordings == 1);
  CHECK(device->replays == 31);
  auto uneven = many_prompts();
  for (std::size_t p = 0; p < uneven.size(); ++p) uneven[p].lengths.assign(2, p < 15 ? 16 : 8);
  engine.generate(uneven, sampling);
  CHECK(device->recordings == 2);  // 128 rows, then 32
}

TEST_CASE(
    "less memory gives fewer slots and the same tokens, too little an error with both numbers") {
  const Model model = tiny_model();
  const Sampling sampling = sixteen_tokens();
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

TEST_CASE("new weights are used after a refresh") {
  Model model = tiny_model();
  DeviceEngine engine(host(), model);
  const auto before = engine.generate(many_prompts(), sixteen_tokens());
  for (std::int64_t i = 0; i < model.weights.size(); ++i) model.weights.data()[i] *= 1.5f;
  CHECK(engine.generate(many_prompts(), sixteen_tokens()).back().logp == before.back().logp);
  engine.refresh();
  CHECK(engine.generate(many_prompts(), sixteen_tokens()).back().logp != before.back().logp);
}

TEST_CASE("memory is given back") {
  const Model model = tiny_model();
  const auto device = host();
  {
    DeviceEngine engine(device, model);
    engine.generate(many_prompts(), sixteen_tokens());
    CHECK(device->used() > UploadedWeights::bytes(model, Dtype::f32));
  }
  CHECK(device->used() == 0);
}

TEST_CASE("tokens are told as they are sampled, for one completion only") {
  const Model model = tiny_model();
  DeviceEngine engine(host(), model);
  std::vector<std::int32_t> told;
  const GenerateHooks hooks{.on_token = [&](std::int32_t id) { told.push_back(id); }};
  CHECK(engine.generate({{.ids = {1, 2}}}, sixteen_tokens(), hooks).front().tokens == told);
  CHECK_THROWS_AS(engine.generate({{.ids = {1, 2}, .samples = 2}}, sixteen_tokens(), hooks), Error);
}

TEST_CASE("scratch memory is freed between calls, and the tokens are the same") {
  const Model model = tiny_model();
  const auto device = host();
  DeviceEngine engine(device, model);
  const auto before = engine.generate(many_prompts(), sixteen_tokens());
  engine.release_scratch();
  CHECK(device->used() < 2 * UploadedWeights::bytes(model, Dtype::f32));
  CHECK(engine.generate(many_prompts(), sixteen_tokens()).back().tokens == before.back().tokens);
}

TEST_CASE("what cannot be decoded is refused") {
  Model model = tiny_model();
  DeviceEngine engine(host(), model);
  CHECK_THROWS_WITH_AS(engine.generate({{.ids = {}}}, {}), doctest::Contains("empty prompt"),
                       Error);
  CHECK_THROWS_WITH_AS(engine.generate({{.ids = {40}}}, {}),
                       doctest::Contains("outside the model's vocabulary of 40"), Error);
  CHECK_THROWS_WITH_AS(engine.score({{1, -1}}, 1.0), doctest::Contains("token id -1"), Error);
  Sampling many;
  many.eos.resize(65);
  CHECK_THROWS_WITH_AS(engine.generate({{.ids = {1}}}, many), doctest::Contains("65 end tokens"),
                       Error);
  const Model critic = auxiliary_model_of(model, true);
  CHECK_THROWS_WITH_AS(DeviceEngine(host(), critic), doctest::Contains("critic"), Error);
}

TEST_CASE("products of many shapes") {
  EmulatedDevice device;
  check_products(device);
}
