// Running an algorithm on trial steps.

#include "core/algorithm/trial.h"

#include <doctest/doctest.h>

#include "core/check/checks.h"
#include "core/config/yaml.h"
#include "support/numbers.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/algorithm/trial");

namespace {

AlgorithmCheckOptions built_in(const std::string& name, const std::string& settings = "{}") {
  AlgorithmCheckOptions options;
  options.library = std::filesystem::path(TINYZERO_PLUGINS) / (name + ".so");
  options.settings = parse_yaml(settings, "settings");
  return options;
}

// Σ x², as a loss.
Objective squares(const at::Tensor& x) {
  Objective out;
  out.name = "the loss";
  out.batch = random_step(1, 0).batch;
  out.inputs = {x};
  out.loss = [](const Batch&, const std::vector<at::Tensor>& in, Metrics& metrics) {
    metrics.add("calls", 1, 1);
    return in[0].square().sum();
  };
  return out;
}

}  // namespace

TEST_CASE("a loss is measured with its gradients and metrics") {
  const Measured m = measure(squares(floats({1, -2})));
  CHECK(m.loss == 5);
  check_numbers(m.gradients.at(0), {2, -4});
  CHECK(m.metrics.values().at("calls").count == 1);
  Objective wrong = squares(floats({1}));
  wrong.loss = [](const Batch&, const std::vector<at::Tensor>& in, Metrics&) {
    return at::cat({in[0], in[0]});
  };
  CHECK_THROWS_WITH_AS(measure(wrong), doctest::Contains("is not one number but 2"), CheckFailed);
}

TEST_CASE("every loss of every step is visited, those of auxiliary models first") {
  std::vector<std::string> names;
  const TrialReport report =
      run_trial(built_in("ppo"), {random_step(1, 0), random_step(1, 1)},
                [&](std::size_t step, const Objective& objective) {
                  names.push_back(std::to_string(step) + " " + objective.name);
                });
  CHECK(names == std::vector<std::string>{"0 the loss of its model \"critic\"", "0 the loss",
                                          "1 the loss of its model \"critic\"", "1 the loss"});
  CHECK(report.asked.front() == "critic");
  CHECK(report.metrics.values().count("value_explained") == 1);
}

TEST_CASE("an algorithm sees the problems that it keeps") {
  const TrialStep step = random_step(1, 0);
  CHECK(kept_part(built_in("grpo"), step).batch.episodes() == step.batch.episodes());
  const TrialStep kept = kept_part(built_in("grpo", "{dynamic_sampling: true}"), step);
  CHECK(kept.batch.groups() < step.batch.groups());
  CHECK(kept.batch.groups() > 0);
}

TEST_CASE("parts of an objective add up to it") {
  const AlgorithmCheckOptions options = built_in("grpo");
  run_trial(options, {random_step(1, 0)}, [](std::size_t, const Objective& whole) {
    std::vector<std::int64_t> even, odd;
    for (std::int64_t i = 0; i < whole.batch.episodes(); ++i) (i % 2 ? odd : even).push_back(i);
    CHECK(measure(part_of(whole, even)).loss + measure(part_of(whole, odd)).loss ==
          doctest::Approx(measure(whole).loss).epsilon(1e-5));
  });
}
