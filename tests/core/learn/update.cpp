// Updates: the same result however memory is divided, the right optimizer, and episodes that teach
// nothing cost nothing.

#include "core/learn/update.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "core/algorithm/plugin.h"
#include "core/base/error.h"
#include "core/config/yaml.h"
#include "support/small_model.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/learn/update");

namespace {

Model small_model() {
  return random_model({.width = 32,
                       .kv_heads = 2,
                       .head_dim = 8,
                       .mlp = 48,
                       .vocab = 50,
                       .seed = 4,
                       .scale = 4.0f});
}

class NoHost : public AlgorithmHost {
 public:
  std::int64_t step() const override { return 1; }
  at::Tensor outputs(const std::string&, const Batch& batch) override {
    return batch.logp_old - 0.1;
  }
  void train(const std::string&, const Batch&, const SideLoss&) override {}
  void copy_policy(const std::string&) override {}
  double& kept(const std::string& name, double initial) override {
    return kept_.try_emplace(name, initial).first->second;
  }
  Metrics& metrics() override { return metrics_; }

 private:
  std::map<std::string, double> kept_;
  Metrics metrics_;
};

ConfiguredAlgorithm grpo(const std::string& settings = "{}") {
  const Node map = parse_yaml(settings, "settings");
  return open_algorithm(PluginCatalog({TINYZERO_PLUGINS}), "grpo", &map);
}

// Six problems of four samples with random lengths and rewards; the third group has no spread, one
// episode could not be judged.
StepBatch some_step() {
  Rng rng(2);
  std::vector<Prompt> prompts;
  std::vector<ScoredCompletion> completions;
  for (std::int64_t p = 0; p < 6; ++p) {
    prompts.push_back({{1, 2, static_cast<std::int32_t>(3 + p)}, 4});
    for (std::int64_t s = 0; s < 4; ++s) {
      ScoredCompletion c;
      c.item = static_cast<std::size_t>(p);
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

struct Outcome_ {
  std::vector<float> weights;
  Metrics metrics;
};

Outcome_ updated(const std::string& settings, std::int64_t micro_batch, std::int64_t updates = 1,
                 std::int64_t replicas = 1, std::optional<DevicePlace> place = {}) {
  Model model = small_model();
  ModelWorkers workers(model, replicas, {.replicas = replicas, .place = place});
  Optimizer optimizer(workers.model(), {});
  auto algorithm = grpo(settings);
  StepBatch step = some_step();
  NoHost host;
  algorithm.algorithm->prepare(step.batch, host);
  Outcome_ out;
  out.metrics = update_policy(workers, optimizer, *algorithm.algorithm, step.batch, step.sequences,
                              {updates, 1, micro_batch, 1e-3, 1.0, 1.0})
                    .metrics;
  out.weights.assign(model.weights.data(), model.weights.data() + model.weights.size());
  return out;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - b[i]));
  return worst;
}

}  // namespace

TEST_CASE("micro-batches change memory, never the update") {
  for (const char* settings : {"{}", "{aggregation: sequence}", "{kl: 0.1, entropy: 0.01}",
                               "{scale: none, clip: [0.1, 0.3]}"}) {
    CAPTURE(settings);
    const auto whole = updated(settings, 100000);
    for (const std::int64_t tokens : {1, 20, 60}) {
      const auto parts = updated(settings, tokens);
      CHECK(largest_difference(whole.weights, parts.weights) < 1e-4);
      for (const auto& [name, mean] : whole.metrics.values()) {
        CAPTURE(name);
        CHECK(parts.metrics.values().at(name).value() ==
              doctest::Approx(mean.value()).epsilon(1e-4));
      }
    }
  }
}

TEST_CASE("replicas share the work, never the result") {
  const auto alone = updated("{kl: 0.1}", 30);
  for (const std::int64_t replicas : {2, 3, 8}) {
    const auto together = updated("{kl: 0.1}", 30, 1, replicas);
    CHECK(largest_difference(alone.weights, together.weights) < 1e-4);
    CHECK(together.metrics.values().at("loss").value() ==
          doctest::Approx(alone.metrics.values().at("loss").value()).epsilon(1e-4));
  }
}

TEST_CASE("passes of a copy on a device teach the model as its own would") {
  for (const std::int64_t updates : {1, 2, 4}) {
    const auto own = updated("{kl: 0.1}", 30, updates),
               copy = updated("{kl: 0.1}", 30, updates, 1, DevicePlace{});
    std::int64_t other =
        0;  // where a gradient is next to nothing, AdamW's first steps follow its sign
    for (std::size_t i = 0; i < own.weights.size(); ++i)
      other += std::abs(own.weights[i] - copy.weights[i]) > 1e-4f ? 1 : 0;
    CHECK(other < static_cast<std::int64_t>(own.weights.size()) / 1000);
    CHECK(copy.metrics.values().at("loss").value() ==
          doctest::Approx(own.metrics.values().at("loss").value()).epsilon(1e-4));
  }
}

TEST_CASE("an update is a function of its inputs") {
  for (const std::int64_t replicas : {1, 3})
    CHECK(largest_difference(updated("{}", 40, 1, replicas).weights,
                             updated("{}", 40, 1, replicas).weights) == 0);
}

TEST_CASE("several updates a step each take their own problems") {
  const auto one = updated("{}", 1000, 1), three = updated("{}", 1000, 3);
  CHECK(largest_difference(one.weights, three.weights) > 1e-3);
  CHECK(three.metrics.values().at("gradient_norm").count >= 2);
}

// The reward of each token's episode as its advantage, pushed up: after an update those tokens are
// likelier.
TEST_CASE("an update makes rewarded episodes likelier and the others less likely") {
  Model model = small_model();
  ModelWorkers workers(model, 2);
  Optimizer optimizer(workers.model(), {});
  auto algorithm = grpo();
  StepBatch step = some_step();
  NoHost host;
  const auto logp = [&] { return evaluate_model(workers, step.sequences, 1000, 1.0).logp; };
  step.batch.logp_old = logp();
  algorithm.algorithm->prepare(step.batch, host);
  const Metrics metrics = update_policy(workers, optimizer, *algorithm.algorithm, step.batch,
                                        step.sequences, {1, 1, 1000, 1e-3, 1.0, 1.0})
                              .metrics;
  const at::Tensor change = logp() - step.batch.logp_old;
  CHECK((change * step.batch.advantage).sum().item<double>() > 0);
  CHECK(metrics.values().at("logp_gap").value() < 1e-5);
  CHECK(metrics.values().at("clipped").value() == 0);
}

TEST_CASE("AdamW follows its formula") {
  Model model = small_model();
  const std::vector<float> start(model.weights.data(), model.weights.data() + model.weights.size());
  Transformer policy(model);
  Optimizer optimizer(policy, {0.9, 0.99, 1e-8, 0.1});
  Rng rng(5);
  std::vector<double> w(start.begin(), start.end()), m(start.size()), v(start.size());
  for (int step = 1; step <= 3; ++step) {
    at::Tensor gradient = policy.flat_gradient();
    double squares = 0;
    std::vector<double> g(start.size());
    for (std::size_t i = 0; i < g.size(); ++i) {
      const auto value = static_cast<float>(rng.uniform() - 0.5);
      gradient.mutable_data_ptr<float>()[i] = value;
      g[i] = value;
      squares += g[i] * g[i];
    }
    const double norm = std::sqrt(squares), lr = 0.01 * step;
    CHECK(optimizer.step(UpdateRule::adamw, lr, 2.0) == doctest::Approx(norm).epsilon(1e-5));
    CHECK(gradient.abs().max().item<double>() == 0);
    for (const ParameterSlot& slot : model.layout.slots()) {
      const double decay = slot.shape.size() == 2 ? 0.1 : 0.0;
      for (std::int64_t k = slot.offset; k < slot.offset + slot.size; ++k) {
        const auto i = static_cast<std::size_t>(k);
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

TEST_CASE("orthogonalize leaves the directions of a matrix and evens their lengths") {
  at::manual_seed(3);
  for (const auto& [rows, columns] : {std::pair{24, 64}, {64, 24}, {32, 32}, {1, 8}}) {
    const at::Tensor matrix = at::randn({rows, columns}), out = orthogonalize(matrix);
    const auto [u, s, v] = at::linalg_svd(matrix, false);
    const at::Tensor values = at::linalg_svdvals(out);
    CAPTURE(rows);
    CHECK(values.max().item<double>() < 1.25);
    if (rows != columns)
      CHECK(values.min().item<double>() >
            0.6);  // a square one has singular values near 0, which stay small
    // The same singular vectors: U^T out V is diagonal.
    const at::Tensor inner = at::mm(at::mm(u.t(), out), v.t());
    CHECK((inner - inner.diag().diag()).abs().max().item<double>() < 1e-4);
    CHECK(at::equal(out, orthogonalize(matrix)));
  }
}

// M = 0.95 M + 0.05 G, step along orthogonalize(0.05 G + 0.95 M) with a root mean square near 0.2
// lr; the rest by AdamW.
TEST_CASE("Muon moves the matrices of the layers, AdamW the rest") {
  for (const std::int64_t threads : {1, 3}) {
    Model model = small_model(), other = small_model();
    Transformer policy(model), twin(other);
    Optimizer muon(policy, {0.9, 0.99, 1e-8, 0, threads}), adamw(twin, {});
    at::manual_seed(1);
    at::Tensor momentum = at::zeros_like(policy.layer_matrices().weights[0]);
    for (int step = 0; step < 3; ++step) {
      const at::Tensor gradient = at::randn({model.layout.size()}) * 1e-3;
      at::Tensor(policy.flat_gradient()).copy_(gradient);
      at::Tensor(twin.flat_gradient()).copy_(gradient);
      const at::Tensor before = policy.layer_matrices().weights[0].clone(),
                       g = policy.layer_matrices().gradients[0].clone();
      momentum = 0.95 * momentum + 0.05 * g;
      muon.step(UpdateRule::muon, 0.01, 0);
      adamw.step(UpdateRule::adamw, 0.01, 0);
      const at::Tensor moved = policy.layer_matrices().weights[0] - before;
      const double size = static_cast<double>(std::max(before.size(0), before.size(1)));
      const at::Tensor expected =
          -0.01 * 0.2 * std::sqrt(size) * orthogonalize(0.05 * g + 0.95 * momentum);
      CHECK((moved - expected).abs().max().item<double>() < 1e-6);
      CHECK(moved.square().mean().sqrt().item<double>() == doctest::Approx(0.002).epsilon(0.25));
    }
    CHECK(at::equal(policy.embeddings().weights[0], twin.embeddings().weights[0]));
    CHECK(at::equal(policy.vectors().weights[0], twin.vectors().weights[0]));
    CHECK_FALSE(at::equal(policy.layer_matrices().weights[1], twin.layer_matrices().weights[1]));
  }
}

TEST_CASE("a gradient that is not finite changes nothing and stops the run") {
  Model model = small_model();
  const std::vector<float> start(model.weights.data(), model.weights.data() + model.weights.size());
  ModelWorkers workers(model, 1);
  Optimizer optimizer(workers.model(), {});
  workers.model().flat_gradient().fill_(NAN);
  CHECK_FALSE(std::isfinite(optimizer.step(UpdateRule::muon, 0.1, 1.0)));
  CHECK(std::memcmp(start.data(), model.weights.data(), start.size() * 4) == 0);
  CHECK(optimizer.steps() == 0);
  model.weights.data()[0] = NAN;
  CHECK_THROWS_WITH_AS(imitate(workers, optimizer, {{{0, 1, 2}, 1}}, {1, 1, 100, 1e-3, 1.0, 1.0}),
                       doctest::Contains("not finite"), Failure);
}

TEST_CASE("imitation lowers the loss, and weighs every token of a step alike") {
  Model a = small_model(), b = small_model();
  ModelWorkers pa(a, 1), pb(b, 2);
  Optimizer oa(pa.model(), {}), ob(pb.model(), {});
  const std::vector<Sequence> sequences = {{{1, 2, 3, 4, 5}, 1}, {{6, 7}, 1}, {{8, 9, 10}, 2}};
  double first = 0, last = 0;
  for (int i = 0; i < 30; ++i) {
    last = imitate(pa, oa, sequences, {1, 1, 1000, 1e-2, 1.0, 1.0});
    const double parts = imitate(pb, ob, sequences, {1, 1, 2, 1e-2, 1.0, 1.0});
    if (i == 0) {
      first = last;
      CHECK(parts == doctest::Approx(first).epsilon(1e-5));
    }
  }
  CHECK(last < 0.5 * first);
}

TEST_CASE("schedules") {
  CHECK(schedule_factor("constant", 5, 10, 0) == 1);
  CHECK(schedule_factor("constant", 0, 10, 4) == 0.25);
  CHECK(schedule_factor("constant", 3, 10, 4) == 1);
  CHECK(schedule_factor("linear", 5, 10, 0) == 0.5);
  CHECK(schedule_factor("cosine", 0, 10, 0) == 1);
  CHECK(schedule_factor("cosine", 5, 10, 0) == doctest::Approx(0.5));
  CHECK(decay_factor("linear", 0.75) == 0.25);
  CHECK(decay_factor("constant", 0.75) == 1);
  CHECK(schedule_factor("linear", 0, 0, 0) == 1);
}

TEST_CASE("an algorithm of another build is refused before its code runs") {
  PluginFile file = PluginCatalog({TINYZERO_PLUGINS}).find(TINYZERO_NOTE_ALGORITHM, "grpo");
  CHECK_NOTHROW(check_fingerprint(file));
  for (const char* field : {"api", "torch", "compiler", "stdlib", "standard", "sanitizer"}) {
    PluginFile other = file;
    other.note.fields[field] = "something else";
    CHECK_THROWS_WITH_AS(
        check_fingerprint(other),
        doctest::Contains(
            (std::string("its ") + field + " is \"something else\", this program's is").c_str()),
        Error);
    CHECK_THROWS_AS(load_algorithm_module(other), Error);
  }
}
