// AdamW and Muon: steps as in their formulas, gradients that are not finite, and models that learn
// as well with less optimizer state.

#include "core/optimizer/optimizer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/learn/model_workers.h"
#include "core/learn/update.h"
#include "core/optimizer/orthogonalize.h"
#include "core/optimizer/rounding.h"
#include "core/ranks/ranks.h"
#include "support/moments_file.h"
#include "support/optimizer_golden.h"
#include "support/small_step.h"
#include "support/temporary.h"
#include "support/thread_ranks.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/optimizer/optimizer");

namespace {

constexpr MomentType kTypes[] = {MomentType::f32, MomentType::bf16, MomentType::int8};

Model model_of_chains() {
  ModelConfig c = preset_config("tiny");
  c.layers = 2;
  c.width = 64;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_dim = 16;
  c.mlp = 128;
  c.vocab = 96;
  Model model(c);
  initialize(model, 4);
  return model;
}

// Sequences in which each token follows from the one before it: something to learn.
std::vector<Sequence> chains(std::uint64_t seed) {
  Rng rng(seed);
  std::vector<Sequence> out;
  for (int i = 0; i < 12; ++i) {
    Sequence s{{static_cast<std::int32_t>(rng.below(96))}, 1};
    for (int t = 0; t < 12; ++t) s.ids.push_back((s.ids.back() * 29 + 7) % 96);
    out.push_back(std::move(s));
  }
  return out;
}

struct Trained {
  Model model;
  double loss;
};

Trained trained(UpdateRule rule, const OptimizerOptions& options, int steps) {
  Model model = model_of_chains();
  if (options.bf16_weights) round_all_to_bf16(model.weights.data(), 0, model.weights.size(), 1, 1);
  ModelWorkers workers(model, 1);
  Optimizer optimizer(workers.weights(), options);
  double loss = 0;
  for (int step = 0; step < steps; ++step)
    loss = imitate(workers, optimizer, chains(step),
                   {.micro_batch = 1000, .learning_rate = 3e-3, .rule = rule});
  return {std::move(model), loss};
}

}  // namespace

TEST_CASE("AdamW follows its formula") {
  Model model = small_model();
  const std::vector<float> start(model.weights.data(), model.weights.data() + model.weights.size());
  TrainedWeights weights(model);
  Optimizer optimizer(weights, {.weight_decay = 0.1});
  const GradientSum sum{at::zeros_like(weights.flat())};
  Rng rng(5);
  std::vector<double> w(start.begin(), start.end()), m(start.size()), v(start.size());
  for (int step = 1; step <= 3; ++step) {
    at::Tensor gradient = sum.flat;
    double squares = 0;
    std::vector<double> g(start.size());
    for (std::size_t i = 0; i < g.size(); ++i) {
      const auto value = static_cast<float>(rng.uniform() - 0.5);
      gradient.mutable_data_ptr<float>()[i] = value;
      g[i] = value;
      squares += g[i] * g[i];
    }
    const double norm = std::sqrt(squares), lr = 0.01 * step;
    CHECK(optimizer.step(sum, UpdateRule::adamw, lr, 2.0) == doctest::Approx(norm).epsilon(1e-5));
    CHECK(gradient.abs().max().item<double>() == 0);
    for (const ParameterSlot& slot : model.layout.slots()) {
      const double decay = slot.shape.size() == 2 ? 0.1 : 0.0;
      for (std::int64_t k = slot.offset; k < slot.offset + slot.size; ++k) {
        const std::size_t i = k;
        const double clipped = g[i] * std::min(1.0, 2.0 / norm);
        m[i] = 0.9 * m[i] + 0.1 * clipped;
        v[i] = 0.99 * v[i] + 0.01 * clipped * clipped;
        w[i] -= lr * decay * w[i];
        w[i] -= lr * (m[i] / (1 - std::pow(0.9, step))) /
                (std::sqrt(v[i] / (1 - std::pow(0.99, step))) + 1e-8);
      }
    }
  }
  double worst = 0;
  for (std::size_t i = 0; i < w.size(); ++i)
    worst = std::max(worst, std::abs(w[i] - model.weights.data()[i]));
  CHECK(worst < 2e-5);
  CHECK(optimizer.steps() == 3);
}

// M = 0.95 M + 0.05 G, step along orthogonalize(0.05 G + 0.95 M) with a root mean square near 0.2
// lr; the rest by AdamW.
TEST_CASE("Muon moves the matrices of the layers, AdamW the rest") {
  for (const std::int64_t threads : {1, 3}) {
    Model model = small_model(), other = small_model();
    TrainedWeights policy(model), twin(other);
    Optimizer muon(policy, {.threads = threads}), adamw(twin, {});
    const TrainedTensor& first = policy.layer_matrices()[0];
    at::manual_seed(1);
    at::Tensor momentum = at::zeros(first.shape);
    for (int step = 0; step < 3; ++step) {
      const at::Tensor gradient = at::randn({model.layout.size()}) * 1e-3;
      const at::Tensor before = first.of(policy.flat()).clone(), g = first.of(gradient).clone();
      momentum = 0.95 * momentum + 0.05 * g;
      muon.step({gradient.clone()}, UpdateRule::muon, 0.01, 0);
      adamw.step({gradient.clone()}, UpdateRule::adamw, 0.01, 0);
      const at::Tensor moved = first.of(policy.flat()) - before;
      const double size = static_cast<double>(std::max(before.size(0), before.size(1)));
      const at::Tensor expected =
          -0.01 * 0.2 * std::sqrt(size) * orthogonalize(0.05 * g + 0.95 * momentum);
      CHECK((moved - expected).abs().max().item<double>() < 1e-6);
      CHECK(moved.square().mean().sqrt().item<double>() ==
            doctest::Approx(0.002).epsilon(0.25).scale(0));
    }
    const auto same = [&](const TrainedTensor& tensor) {
      return at::equal(tensor.of(policy.flat()), tensor.of(twin.flat()));
    };
    CHECK(same(policy.embeddings()[0]));
    CHECK(same(policy.vectors()[0]));
    CHECK_FALSE(same(policy.layer_matrices()[1]));
  }
}

TEST_CASE("a gradient that is not finite changes nothing and is cleared") {
  Model model = small_model();
  const std::vector<float> start(model.weights.data(), model.weights.data() + model.weights.size());
  TrainedWeights weights(model);
  Optimizer optimizer(weights, {});
  GradientSum gradient{at::full_like(weights.flat(), NAN)};
  CHECK_FALSE(std::isfinite(optimizer.step(gradient, UpdateRule::muon, 0.1, 1.0)));
  CHECK(std::memcmp(start.data(), model.weights.data(), start.size() * 4) == 0);
  CHECK(optimizer.steps() == 0);
  CHECK(gradient.flat.abs().max().item<double>() == 0);
}

TEST_CASE("rules have names") {
  CHECK(update_rule_from_name("adamw") == UpdateRule::adamw);
  CHECK(update_rule_from_name("muon") == UpdateRule::muon);
  CHECK_THROWS_WITH_AS(update_rule_from_name("sgd"), doctest::Contains("no optimizer \"sgd\""),
                       Error);
}

TEST_CASE("an optimizer continues from its file as if it had never stopped, and can forget") {
  const TemporaryFolder folder;
  const auto step = [](Optimizer& optimizer, const TrainedWeights& weights, int number) {
    at::manual_seed(number);
    optimizer.step({at::randn_like(weights.flat())}, UpdateRule::muon, 1e-3, 1.0);
  };
  Model model = small_model(), other = small_model();
  TrainedWeights weights(model), others(other);
  Optimizer whole(weights, {}), first(others, {}), second(others, {});
  for (int i = 0; i < 4; ++i) step(whole, weights, i);
  for (int i = 0; i < 2; ++i) step(first, others, i);
  write_moments(folder / "optimizer.safetensors", first.moments());
  second.restore(2, SafetensorsFile(folder / "optimizer.safetensors"));
  for (int i = 2; i < 4; ++i) step(second, others, i);
  CHECK(second.steps() == 4);
  CHECK(std::memcmp(model.weights.data(), other.weights.data(), model.weights.size() * 4) == 0);
  second.reset();
  CHECK(second.steps() == 0);
  for (const auto& [name, tensor] : second.moments().tensors())
    CHECK(second.moments().own_bytes(name) == std::string(tensor.bytes, '\0'));
}

// The embeddings have more numbers than a block, so that a range ends inside of them.
TEST_CASE("ranks that step a range each have the weights and moments of one process") {
  ModelConfig config = preset_config("tiny");
  config.layers = 2;
  config.width = config.mlp = 64;
  config.heads = config.kv_heads = 2;
  config.head_dim = 32;
  config.vocab = 2'500;
  Model start(config);
  initialize(start, 4);
  const auto bytes_after = [&](Ranks& ranks, UpdateRule rule, OptimizerOptions options) {
    Model model = auxiliary_model_of(start, /*value_head=*/false);
    TrainedWeights weights(model);
    options.ranks = &ranks;
    Optimizer optimizer(weights, options);
    std::string bytes;
    for (int i = 0; i < 3; ++i) {
      at::Tensor gradient = at::empty_like(weights.flat());
      for (std::int64_t k = 0; k < gradient.numel(); ++k)
        gradient.mutable_data_ptr<float>()[k] = gradient_at(k, i);
      const std::int64_t first = weights.cuts(ranks.size())[ranks.rank()],
                         last = weights.cuts(ranks.size())[ranks.rank() + 1];
      gradient.narrow(0, 0, first).fill_(NAN);  // is not this rank's
      gradient.narrow(0, last, gradient.numel() - last).fill_(NAN);
      bytes += std::to_string(optimizer.step({gradient}, rule, 1e-3, i == 1 ? 0 : 1));
    }
    bytes.append(reinterpret_cast<const char*>(model.weights.data()), 4 * model.weights.size());
    if (!ranks.is_first()) bytes.clear();
    for (const auto& [name, tensor] : optimizer.moments().tensors())
      optimizer.read_moments(name, [&](std::string_view piece) { bytes += piece; });
    return bytes;
  };
  for (const UpdateRule rule : {UpdateRule::adamw, UpdateRule::muon}) {
    for (const MomentType type : kTypes) {
      const OptimizerOptions options{
          .weight_decay = 0.1, .threads = 2, .state = type, .bf16_weights = true, .seed = 5};
      const std::string alone = bytes_after(one_process(), rule, options);
      for (const std::int64_t size : {2, 3, 8}) {
        CAPTURE(size);
        on_ranks(size, [&](Ranks& ranks) {
          const bool are_equal =
              bytes_after(ranks, rule, options) == (ranks.is_first() ? alone : "");
          CHECK(are_equal);
        });
      }
    }
  }
}

TEST_CASE("a model learns about as well with every optimizer state, and with weights of bf16") {
  for (const UpdateRule rule : {UpdateRule::adamw, UpdateRule::muon}) {
    OptimizerOptions options;
    const double reference = trained(rule, options, 120).loss,
                 start = trained(rule, options, 1).loss;
    REQUIRE(reference < 0.2 * start);
    for (const MomentType type : kTypes) {
      for (const bool bf16_weights : {false, true}) {
        CAPTURE(static_cast<int>(rule));
        CAPTURE(static_cast<int>(type));
        CAPTURE(bf16_weights);
        options.state = type;
        options.bf16_weights = bf16_weights;
        const Trained result = trained(rule, options, 120);
        CHECK(result.loss < reference + 0.05 * start);
        std::vector<float> rounded(result.model.weights.data(),
                                   result.model.weights.data() + result.model.weights.size());
        round_all_to_bf16(rounded.data(), 0, result.model.weights.size(), 3, 1);
        CHECK((std::memcmp(rounded.data(), result.model.weights.data(), rounded.size() * 4) == 0) ==
              bf16_weights);
        const Trained again = trained(rule, options, 3), once_more = trained(rule, options, 3);
        CHECK(std::memcmp(again.model.weights.data(), once_more.model.weights.data(),
                          rounded.size() * 4) == 0);
      }
    }
  }
}

// Steps of 1e-5 on weights near 1, whose neighbours in bf16 are 2^-7 and 2^-8 away: to nearest,
// nothing would ever move.
TEST_CASE("steps too small for bf16 add up") {
  Model model = model_of_chains();
  std::fill_n(model.weights.data(), model.weights.size(), 1.0f);
  TrainedWeights trained_weights(model);
  Optimizer optimizer(trained_weights, {.bf16_weights = true});
  for (int step = 0; step < 50; ++step) {
    optimizer.step({at::ones_like(trained_weights.flat())}, UpdateRule::adamw, 1e-5, 0);
  }
  const at::Tensor weights = trained_weights.flat().to(at::kDouble);
  CHECK(weights.mean().item<double>() == doctest::Approx(1 - 50 * 1e-5).epsilon(1e-5));
  CHECK(weights.max().item<double>() == 1.0);
}
