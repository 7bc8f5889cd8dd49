// A small model, and a step of episodes for it to learn from.
#pragma once

#include <string>
#include <vector>

#include "core/algorithm/plugin.h"
#include "core/config/yaml.h"
#include "core/learn/packing.h"
#include "core/model/parameters.h"
#include "core/rollout/episodes.h"
#include "tinyzero/rng.h"

namespace tinyzero {

// Two layers, random weights that are large enough for distributions to be far from uniform.
inline Model small_model(std::int64_t vocab = 50) {
  ModelConfig c = preset_config("tiny");
  c.layers = 2;
  c.width = 32;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_dim = 8;
  c.mlp = 48;
  c.vocab = vocab;
  Model model(c);
  initialize(model, 4);
  for (std::int64_t i = 0; i < model.weights.size(); ++i) model.weights.data()[i] *= 4.0f;
  return model;
}

// Six problems of four samples with random lengths and rewards. The third group has no spread, and
// one episode could not be judged.
inline StepBatch some_step() {
  Rng rng(2);
  std::vector<Prompt> prompts;
  std::vector<ScoredCompletion> completions;
  for (std::int32_t p = 0; p < 6; ++p) {
    prompts.push_back({{1, 2, 3 + p}, 4});
    for (std::int64_t s = 0; s < 4; ++s) {
      ScoredCompletion c;
      c.item = p;
      c.episode.prompt = p;
      c.episode.sample = s;
      for (std::int64_t t = rng.between(1, 12); t > 0; --t) {
        c.episode.tokens.push_back(static_cast<std::int32_t>(rng.below(50)));
        c.episode.logp.push_back(static_cast<float>(-4.0 + rng.uniform()));
      }
      c.verdict.reward = p == 2 ? 0.1 : rng.chance(0.4) ? 1.0 : 0.0;
      if (p == 4 && s == 1) c.verdict.outcome = Outcome::error;
      completions.push_back(std::move(c));
    }
  }
  return make_batch(prompts, completions, 12);
}

// A host whose models are a tenth of a nat off the sampler.
class PlainHost : public AlgorithmHost {
 public:
  std::int64_t step() const override { return step_number; }
  at::Tensor outputs(const std::string&, const Batch& batch) override {
    return batch.logp_old - 0.1;
  }
  void train(const std::string&, const Batch&, const AuxiliaryLoss&) override {}
  void copy_policy(const std::string& model) override { copied.push_back(model); }
  double& kept(const std::string& name, double initial) override {
    return kept_.try_emplace(name, initial).first->second;
  }
  Metrics& metrics() override { return metrics_; }

  std::int64_t step_number = 1;
  std::vector<std::string> copied;

 private:
  std::map<std::string, double> kept_;
  Metrics metrics_;
};

// A plugin of this repository with settings in YAML.
inline ConfiguredAlgorithm built_in_algorithm(const std::string& name,
                                              const std::string& settings = "{}") {
  const Node map = parse_yaml(settings, "settings");
  return open_algorithm(PluginCatalog({TINYZERO_PLUGINS}), name, &map);
}

}  // namespace tinyzero
