// One step of RL: the algorithm is asked, models learn, and a checkpoint brings all of it back.

#include "core/learn/learner.h"

#include <doctest/doctest.h>

#include <cstring>

#include "core/base/error.h"
#include "support/small_step.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/learn/learner");

namespace {

Experiment experiment(double rate = 1e-3) {
  Experiment e;
  e.train.learning_rate = rate;
  e.train.weights = "f32";
  e.train.max_logp_gap = 0;
  e.train.schedule = "constant";
  e.train.warmup = 0;
  e.train.steps = 10;
  return e;
}

bool same(const Model& a, const Model& b) {
  return std::memcmp(a.weights.data(), b.weights.data(), a.weights.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("a step moves the policy, and counts what was learned from and asked") {
  Model policy = small_model();
  const Model start = small_model();
  const auto ppo = built_in_algorithm("ppo");
  const Experiment e = experiment();
  Learner learner(policy, *ppo.algorithm, e, 1);
  learner.begin();
  StepBatch step = some_step();
  BatchFile seen;
  const LearnReport report = learner.learn(1, step, &seen);
  CHECK_FALSE(same(policy, start));
  CHECK(report.learning_rate == 1e-3);
  CHECK(report.skipped == 0);
  CHECK_FALSE(report.fault.has_value());
  CHECK(report.read == step.batch.tokens());  // the critic, once
  CHECK(report.trained > 0);
  for (const char* name : {"loss", "critic_loss", "critic_gradient_norm", "logp_gap", "value"})
    CHECK(report.metrics.values().count(name) == 1);
  CHECK(at::equal(seen.outputs.at("critic"), at::zeros({step.batch.tokens()})));
  CHECK(seen.step == 1);
  CHECK_FALSE(learner.is_midway());
  CHECK(learner.auxiliary_views().at("critic").steps == 1);
}

TEST_CASE("a step without episodes changes nothing") {
  Model policy = small_model();
  const Model start = small_model();
  const auto grpo = built_in_algorithm("grpo");
  const Experiment e = experiment();
  Learner learner(policy, *grpo.algorithm, e, 1);
  learner.begin();
  StepBatch empty;
  CHECK(learner.learn(1, empty).trained == 0);
  CHECK(same(policy, start));
}

TEST_CASE("a frozen reference says what the policy said when RL began") {
  Model policy = small_model();
  const auto grpo = built_in_algorithm("grpo", "{kl: 0.1}");
  const Experiment e = experiment();
  Learner learner(policy, *grpo.algorithm, e, 1);
  learner.begin();
  StepBatch first = some_step(), second = some_step();
  learner.learn(1, first);
  learner.learn(2, second);
  CHECK(at::equal(first.batch.added.at("logp_reference"), second.batch.added.at("logp_reference")));
  CHECK(learner.auxiliary_views().at("reference").moments.empty());
}

TEST_CASE("a sampler too far from the trainer is an error with both numbers") {
  Model policy = small_model();
  const auto grpo = built_in_algorithm("grpo");
  Experiment e = experiment();
  e.train.max_logp_gap = 1e-3;
  Learner learner(policy, *grpo.algorithm, e, 1);
  learner.begin();
  StepBatch step = some_step();  // whose log-probs no model gave
  CHECK_THROWS_WITH_AS(learner.learn(1, step), doctest::Contains("train.max_logp_gap is 0.001"),
                       Failure);
}

TEST_CASE("importance weights replace the sampler's log-probs by the trainer's") {
  Model policy = small_model();
  const auto grpo = built_in_algorithm("grpo");
  Experiment e = experiment();
  e.train.importance_cap = 2;
  Learner learner(policy, *grpo.algorithm, e, 1);
  learner.begin();
  StepBatch step = some_step();
  const at::Tensor sampler = step.batch.logp_old;
  const LearnReport report = learner.learn(1, step);
  CHECK_FALSE(at::equal(step.batch.logp_old, sampler));
  CHECK(report.metrics.values().at("importance").value() > 0);
  CHECK(report.metrics.values().at("importance").value() <= 2);
  CHECK(report.read == step.batch.tokens());
}

TEST_CASE("a loss that is not finite is reported with its batch, and changes nothing") {
  Model policy = small_model();
  const auto grpo = built_in_algorithm("grpo");
  const Experiment e = experiment();
  Learner learner(policy, *grpo.algorithm, e, 1);
  learner.begin();
  const Model start = small_model();
  StepBatch step = some_step();
  step.batch.logp_old.fill_(NAN);
  const LearnReport report = learner.learn(1, step);
  CHECK(report.skipped == 1);
  REQUIRE(report.fault.has_value());
  CHECK(std::ssize(report.fault->update) == step.batch.episodes());
  CHECK(same(policy, start));
}

TEST_CASE("models that share a policy's adapter, or have one of their own") {
  Experiment e;
  e.lora.rank = 4;
  e.warm_start.steps = 0;
  const AuxiliaryModel frozen{.name = "reference"};
  const AuxiliaryModel critic{.name = "critic", .value_head = true, .learning_rate = 1e-3};
  CHECK(is_policy_without_adapter(frozen, e));
  CHECK_FALSE(is_policy_without_adapter(critic, e));
  e.lora.auxiliary_models = true;
  CHECK(has_adapter(critic, e));
  CHECK_FALSE(has_adapter(frozen, e));
  e.warm_start.steps = 10;  // the policy has left its base when RL begins
  CHECK_FALSE(is_policy_without_adapter(frozen, e));
  e.lora.rank = 0;
  CHECK_FALSE(has_adapter(critic, e));
}
