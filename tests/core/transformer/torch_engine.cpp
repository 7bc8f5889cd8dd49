// The engine in plain LibTorch: golden numbers, and the tokens of the CPU engine.

#include "core/transformer/torch_engine.h"
#include "core/base/random_streams.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/model/folder.h"
#include "core/rollout/cpu/engine.h"
#include "core/rollout/not_finite.h"
#include "support/golden.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/torch_engine");

namespace {

using Ids = std::vector<std::int32_t>;

Model small_model(std::int64_t head_dim) {
  ModelConfig c = preset_config("tiny");
  c.layers = 2;
  c.width = 48;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_dim = head_dim;
  c.mlp = 56;
  c.vocab = 61;
  c.context = 200;
  Model model(c);
  initialize(model, 3);
  for (std::int64_t i = 0; i < model.weights.size(); ++i) model.weights.data()[i] *= 6.0f;
  return model;
}

}  // namespace

TEST_CASE("golden log-probs and greedy tokens") {
  for (const fs::path& folder : golden_models()) {
    CAPTURE(folder.string());
    const Model model = load_model(folder);
    TorchEngine engine(model, at::kCPU);
    const Json logits = parse_json(read_file(folder / "golden" / "logits.json"), "logits.json");
    const Json greedy = parse_json(read_file(folder / "golden" / "greedy.json"), "greedy.json");
    const double abs_tolerance = logits["tolerance"]["abs"],
                 rel_tolerance = logits["tolerance"]["rel"];
    for (const Json& prompt : logits["prompts"]) {
      Ids ids = prompt["ids"];
      const std::size_t first = ids.size() - 1;
      for (const std::int32_t id : prompt["continuation"]) ids.push_back(id);
      const std::vector<double> expected = prompt["continuation_logprobs_float64"];
      const auto scores = engine.score({ids}, 1.0).front();
      REQUIRE(scores.size() == ids.size() - 1);
      for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(std::abs(scores[first + i] - expected[i]) <=
              abs_tolerance + rel_tolerance * std::abs(expected[i]));
    }
    std::vector<Prompt> prompts;
    for (const Json& prompt : greedy["prompts"]) prompts.push_back({prompt["ids"], 1});
    const auto episodes = engine.generate(prompts, {40, 0.0, {}, 1, RandomStream::generation, 0});
    for (std::size_t i = 0; i < prompts.size(); ++i)
      CHECK(episodes[i].tokens == greedy["prompts"][i]["tokens"].get<Ids>());
  }
}

TEST_CASE("the tokens of the CPU engine, and new weights after a refresh") {
  Model model = small_model(12);
  CpuEngine cpu(model, {1, 4, "scalar"});
  TorchEngine engine(model, at::kCPU);
  const std::vector<Prompt> prompts = {{{1, 2, 3}, 2}, {{5}, 3}};
  for (const bool changed : {false, true}) {
    if (changed) {
      for (std::int64_t i = 0; i < model.weights.size(); ++i) model.weights.data()[i] *= 0.8f;
      cpu.refresh();
      engine.refresh();
    }
    for (const Sampling& sampling : {Sampling{20, 0.9, {7}, 11, RandomStream::rollout, 5},
                                     Sampling{20, 1.0, {}, 2, RandomStream::rollout, 5, 4, 0.8}}) {
      const auto got = engine.generate(prompts, sampling),
                 expected = cpu.generate(prompts, sampling);
      REQUIRE(got.size() == expected.size());
      for (std::size_t i = 0; i < got.size(); ++i) {
        CHECK(got[i].tokens == expected[i].tokens);
        CHECK(got[i].end == expected[i].end);
        for (std::size_t t = 0; t < got[i].logp.size(); ++t)
          CHECK(std::abs(got[i].logp[t] - expected[i].logp[t]) < 1e-4);
      }
      CHECK(engine.statistics().tokens == cpu.statistics().tokens);
    }
  }
  CHECK_THROWS_WITH_AS(engine.generate({{{}, 1}}, {}), doctest::Contains("empty prompt"), Error);
}

TEST_CASE("logits that are no numbers are named with prompt, sample and token") {
  Model model = small_model(12);
  std::fill_n(model.weights.data() + model.layout.final_norm(), model.config.width,
              3e38f);  // finite, unlike what follows from it
  TorchEngine engine(model, at::kCPU);
  for (const double temperature : {0.0, 1.0}) {
    CHECK_THROWS_WITH_AS(engine.generate({{{1, 2}, 1}}, {5, temperature, {}}),
                         doctest::Contains("at token 1 of the completion of prompt 1, sample 1"),
                         NotFinite);
  }
  CHECK_THROWS_WITH_AS(engine.score({{1}, {1, 2, 3}}, 1.0),
                       doctest::Contains("at token 2 of sequence 2"), NotFinite);
}
