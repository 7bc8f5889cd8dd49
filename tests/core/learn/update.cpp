// Updates: the same result however memory is divided, and episodes that teach nothing cost nothing.

#include "core/learn/update.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/config/yaml.h"
#include "core/learn/model_workers.h"
#include "support/small_model.h"
#include "support/small_step.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/learn/update");

namespace {

struct Updated {
  std::vector<float> weights;
  Metrics metrics;
};

Updated updated(const std::string& settings, std::int64_t micro_batch, std::int64_t updates = 1,
                std::int64_t replicas = 1, std::optional<DeviceOptions> device = {}) {
  Model model = small_model();
  ModelWorkers workers(model, replicas, {.shards = replicas, .device = device});
  Optimizer optimizer(workers.weights(), {});
  auto algorithm = built_in_algorithm("grpo", settings);
  StepBatch step = some_step();
  PlainHost host;
  algorithm.algorithm->prepare(step.batch, host);
  Updated out;
  out.metrics =
      update_policy(workers, optimizer, *algorithm.algorithm, step,
                    {.updates = updates, .micro_batch = micro_batch, .learning_rate = 1e-3})
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
               copy = updated("{kl: 0.1}", 30, updates, 1, DeviceOptions{});
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

TEST_CASE("several updates per step each take their own problems") {
  const auto one = updated("{}", 1000, 1), three = updated("{}", 1000, 3);
  CHECK(largest_difference(one.weights, three.weights) > 1e-3);
  CHECK(three.metrics.values().at("gradient_norm").count >= 2);
}

// The reward of each token's episode as its advantage, pushed up: after an update those tokens are
// likelier.
TEST_CASE("an update makes rewarded episodes likelier and the others less likely") {
  Model model = small_model();
  ModelWorkers workers(model, 2);
  Optimizer optimizer(workers.weights(), {});
  auto algorithm = built_in_algorithm("grpo");
  StepBatch step = some_step();
  PlainHost host;
  const auto logp = [&] { return evaluate_model(workers, step.sequences, 1000, 1.0).logp; };
  step.batch.logp_old = logp();
  algorithm.algorithm->prepare(step.batch, host);
  const Metrics metrics = update_policy(workers, optimizer, *algorithm.algorithm, step,
                                        {.micro_batch = 1000, .learning_rate = 1e-3})
                              .metrics;
  const at::Tensor change = logp() - step.batch.logp_old;
  CHECK((change * step.batch.advantage).sum().item<double>() > 0);
  CHECK(metrics.values().at("logp_gap").value() < 1e-5);
  CHECK(metrics.values().at("clipped").value() == 0);
}

// Two updates of two micro-batches each. The loss of an update is the sum over its micro-batches,
// and the metric the mean over updates; only update 0 measures the gap.
TEST_CASE("losses add up over micro-batches and are averaged over updates") {
  Model model = small_model();
  ModelWorkers workers(model, 1, {.shards = 1});
  Optimizer optimizer(workers.weights(), {});
  const StepBatch step = some_step();
  std::vector<double> sums(2);
  std::vector<std::int64_t> calls(2);
  const auto loss = [&](std::int64_t update, const Batch& micro, const ModelOutput& out,
                        Metrics& metrics) {
    const at::Tensor value = -(out.logp * micro.mask).sum() / micro.all.tokens;
    sums[update] += value.item<double>();
    ++calls[update];
    metrics.add("own", 3, 1);
    return value;
  };
  const UpdateReport report =
      update_model(workers, optimizer, loss, {step.batch, step.sequences, step.batch.usable},
                   {.updates = 2, .micro_batch = 60, .learning_rate = 1e-3});
  CHECK(calls[0] > 1);
  CHECK(calls[1] > 1);
  const auto& metrics = report.metrics.values();
  CHECK(metrics.at("loss").value() == doctest::Approx((sums[0] + sums[1]) / 2).epsilon(1e-6));
  CHECK(metrics.at("loss").count == 2);
  CHECK(metrics.at("own").value() == 3);
  CHECK(metrics.at("gradient_norm").count == 2);
  CHECK(optimizer.steps() == 2);
  CHECK(report.skipped == 0);
  std::int64_t usable = 0;
  for (std::int64_t i = 0; i < step.batch.episodes(); ++i)
    usable += step.batch.usable[i].item<bool>() ? step.sequences[i].completion() : 0;
  CHECK(report.tokens == usable);
}

TEST_CASE("an update whose loss is not finite is skipped, named, and leaves everything as it was") {
  Model model = small_model();
  const std::vector<float> start(model.weights.data(), model.weights.data() + model.weights.size());
  ModelWorkers workers(model, 1);
  Optimizer optimizer(workers.weights(), {});
  const StepBatch step = some_step();
  const auto loss = [&](std::int64_t update, const Batch&, const ModelOutput& out, Metrics&) {
    return update == 0 ? out.logp.sum() * NAN : out.logp.sum() * 0;
  };
  std::vector<std::int64_t> skipped;
  std::int64_t begun = 0;
  const UpdateReport report =
      update_model(workers, optimizer, loss, {step.batch, step.sequences, step.batch.usable},
                   {.updates = 2,
                    .on_skip = [&](const std::vector<std::int64_t>& which) { skipped = which; },
                    .before_step = [&] { ++begun; }});
  CHECK(report.skipped == 1);
  CHECK(skipped == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  CHECK(begun == 1);
  CHECK(report.metrics.values().at("loss").count == 1);
  CHECK(workers.run(0, {}).flat.abs().max().item<double>() == 0);
  CHECK(std::memcmp(start.data(), model.weights.data(), start.size() * 4) == 0);
}

TEST_CASE("episodes without advantage are left out of the backward pass") {
  Model model = small_model();
  ModelWorkers workers(model, 1);
  Optimizer optimizer(workers.weights(), {});
  auto algorithm = built_in_algorithm("grpo");
  StepBatch step = some_step();
  PlainHost host;
  algorithm.algorithm->prepare(step.batch, host);
  std::int64_t live = 0;
  for (std::int64_t i = 0; i < step.batch.episodes(); ++i) {
    const at::Tensor tokens = step.batch.episode.eq(i);
    const bool taught = step.batch.advantage.masked_select(tokens).ne(0).any().item<bool>();
    live += taught && step.batch.usable[i].item<bool>() ? step.sequences[i].completion() : 0;
  }
  const UpdateReport report = update_policy(workers, optimizer, *algorithm.algorithm, step, {});
  CHECK(report.tokens == live);
  CHECK(report.tokens < step.batch.tokens());
}

TEST_CASE("a gradient that is not finite stops imitation") {
  Model model = small_model();
  ModelWorkers workers(model, 1);
  Optimizer optimizer(workers.weights(), {});
  model.weights.data()[0] = NAN;
  CHECK_THROWS_WITH_AS(imitate(workers, optimizer, {{{0, 1, 2}, 1}}, {}),
                       doctest::Contains("not finite"), Failure);
  CHECK(optimizer.steps() == 0);
}

TEST_CASE("imitation lowers the loss, and weights every token of a step alike") {
  Model a = small_model(), b = small_model();
  ModelWorkers pa(a, 1), pb(b, 2);
  Optimizer oa(pa.weights(), {}), ob(pb.weights(), {});
  const std::vector<Sequence> sequences = {{{1, 2, 3, 4, 5}, 1}, {{6, 7}, 1}, {{8, 9, 10}, 2}};
  double first = 0, last = 0;
  for (int i = 0; i < 30; ++i) {
    last = imitate(pa, oa, sequences, {.micro_batch = 1000, .learning_rate = 1e-2});
    const double parts = imitate(pb, ob, sequences, {.micro_batch = 2, .learning_rate = 1e-2});
    if (i == 0) {
      first = last;
      CHECK(parts == doctest::Approx(first).epsilon(1e-5));
    }
  }
  CHECK(last < 0.5 * first);
}

// A step whose last three problems repeat the first three, token by token; `sign`: of their
// rewards.
static StepBatch repeated_step(double sign) {
  Rng rng(3);
  std::vector<Prompt> prompts;
  std::vector<ScoredCompletion> completions;
  for (std::int32_t p = 0; p < 6; ++p) {
    prompts.push_back({{1, 2, 3 + p % 3}, 4});
    for (std::int64_t s = 0; s < 4; ++s) {
      ScoredCompletion c;
      if (p >= 3) c = completions[(p - 3) * 4 + s];
      c.item = p;
      c.episode.prompt = p;
      c.episode.sample = s;
      if (p < 3) {
        c.episode.tokens = {static_cast<std::int32_t>(rng.below(50)), 5};
        c.episode.logp = {-4, -4};
      }
      c.verdict.reward = (p < 3 ? 1 : sign) * (s % 2 == 0 ? 1 : 0);
      completions.push_back(std::move(c));
    }
  }
  return make_batch(prompts, completions, 12);
}

// One update with GRPO by a fresh model.
static UpdateReport grpo_on(StepBatch& step, const UpdateOptions& options,
                            std::int64_t shards = 1) {
  Model model = small_model();
  ModelWorkers workers(model, 1, {.shards = shards});
  Optimizer optimizer(workers.weights(), {});
  auto algorithm = built_in_algorithm("grpo");
  step.batch.logp_old = evaluate_model(workers, step.sequences, 1000, 1.0).logp;
  PlainHost host;
  algorithm.algorithm->prepare(step.batch, host);
  return update_policy(workers, optimizer, *algorithm.algorithm, step, options);
}

TEST_CASE("problems that agree are all signal, and problems that contradict each other none") {
  for (const std::int64_t shards : {1, 2, 3}) {
    const UpdateOptions options = {.micro_batch = 8, .learning_rate = 1e-3, .measure_signal = true};
    StepBatch agreeing = repeated_step(1), contradicting = repeated_step(-1);
    const UpdateReport all = grpo_on(agreeing, options, shards);
    CHECK(all.signal.total > 1);
    CHECK(all.metrics.values().at("gradient_signal").value() == doctest::Approx(1).epsilon(1e-3));
    const UpdateReport none = grpo_on(contradicting, options, shards);
    CHECK(none.signal.total < 1e-6);
    CHECK(none.signal.signal < 0);
  }
}

TEST_CASE("one problem cannot be halved") {
  StepBatch step = some_step();
  const UpdateReport report =
      grpo_on(step, {.updates = 6, .micro_batch = 8, .measure_signal = true});
  CHECK_FALSE(report.metrics.values().contains("gradient_signal"));
}

TEST_CASE("an update learns nothing from cut completions when they are masked") {
  StepBatch step = some_step();
  step.batch.truncated.fill_(true);
  mask_truncated(step.batch);
  const UpdateReport report = grpo_on(step, {.learning_rate = 1e-3});
  CHECK(step.batch.advantage.abs().max().item<double>() > 0);
  CHECK(report.tokens == 0);
}
