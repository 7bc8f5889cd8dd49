// The host of the checks, whose models are made of random numbers.

#include "core/algorithm/trial_host.h"

#include <doctest/doctest.h>

#include "core/algorithm/trial_step.h"
#include "core/check/checks.h"
#include "support/numbers.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/algorithm/trial_host");

namespace {

const std::vector<AuxiliaryModel> kModels = {
    {.name = "critic", .value_head = true, .learning_rate = 1e-3}, {.name = "reference"}};

}  // namespace

TEST_CASE("what a model says depends on its name, its training and the episode, not on its index") {
  TrialHost host(kModels, ModelNumbers::random, [](const Objective&) {});
  const TrialStep step = random_step(1, 0);
  const at::Tensor values = host.outputs("critic", step.batch);
  CHECK(at::equal(host.outputs("critic", step.batch), values));
  CHECK(values.abs().max().item<double>() <= 1);
  const std::vector<std::int64_t> order = {3, 0, 2};
  const at::Tensor elsewhere = host.outputs("critic", reordered(step, order).batch);
  CHECK(at::equal(elsewhere, values.index_select(0, tokens_of(step.batch, order))));
  host.train("critic", step.batch,
             [](const Batch&, const at::Tensor& x, Metrics&) { return x.sum(); });
  CHECK_FALSE(at::equal(host.outputs("critic", step.batch), values));
}

TEST_CASE("numbers as when RL begins, and far out") {
  const TrialStep step = random_step(1, 0);
  TrialHost initial(kModels, ModelNumbers::initial, {});
  CHECK(initial.outputs("critic", step.batch).abs().max().item<double>() == 0);
  CHECK(at::equal(initial.outputs("reference", step.batch), step.batch.logp_old));
  TrialHost wild(kModels, ModelNumbers::wild, {});
  CHECK(wild.outputs("critic", step.batch).abs().min().item<double>() == 1e6);
  CHECK((wild.outputs("reference", step.batch) - step.batch.logp_old).abs().min().item<double>() >
        9e3);
  wild.copy_policy("reference");
  CHECK(at::equal(wild.outputs("reference", step.batch), step.batch.logp_old));
}

TEST_CASE("a training is shown with its loss, and what was used is remembered") {
  std::vector<std::string> shown;
  TrialHost host(kModels, ModelNumbers::random, [&](const Objective& objective) {
    shown.push_back(objective.name);
    CHECK_FALSE(objective.is_policy);
    CHECK(objective.inputs.size() == 1);
  });
  host.begin(7);
  CHECK(host.step() == 7);
  host.kept("weight", 0.5) += 1;
  CHECK(host.kept("weight", 0) == 1.5);
  const TrialStep step = random_step(1, 0);
  host.train("critic", step.batch,
             [](const Batch&, const at::Tensor& x, Metrics&) { return x.sum(); });
  CHECK(shown == std::vector<std::string>{"the loss of its model \"critic\""});
  CHECK(host.report().asked == std::vector<std::string>{"critic"});
}

TEST_CASE("models that were not named, and frozen ones that are trained, are faults") {
  TrialHost host(kModels, ModelNumbers::random, {});
  const TrialStep step = random_step(1, 0);
  CHECK_THROWS_WITH_AS(host.outputs("actor", step.batch),
                       doctest::Contains("which its auxiliary_models() does not name"),
                       CheckFailed);
  CHECK_THROWS_WITH_AS(host.train("reference", step.batch, {}),
                       doctest::Contains("whose learning rate is 0"), CheckFailed);
}
