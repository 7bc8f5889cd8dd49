#include "core/algorithm/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include "core/algorithm/called.h"
#include "core/check/check.h"
#include "core/check/checks.h"
#include "tinyzero/primitives.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

// Throws CheckFailed unless prepare() filled what it must.
void check_prepared(const Batch& b) {
  const auto fits = [&](const at::Tensor& t) {
    return t.defined() && t.dim() == 1 && t.size(0) == b.tokens();
  };
  for (const auto& [name, values] : b.added)
    require(fits(values), "batch.added[\"" + name + "\"] does not hold a number for each token");
  require(fits(b.advantage),
          "prepare() does not fill batch.advantage with a number for each token");
}

// The policy's loss on a step, which the algorithm prepares.
Objective policy_objective(Algorithm& algorithm, const TrialStep& step, AlgorithmHost& host) {
  Objective policy;
  policy.name = "the loss";
  policy.batch = step.batch;
  call_algorithm("prepare", [&] { algorithm.prepare(policy.batch, host); });
  check_prepared(policy.batch);
  policy.inputs = {step.logp, step.entropy};
  policy.zero_advantage_is_no_gradient = algorithm.zero_advantage_is_no_gradient();
  policy.loss = [&algorithm](const Batch& micro, const std::vector<at::Tensor>& inputs,
                             Metrics& metrics) {
    return call_algorithm(
        "loss", [&] { return algorithm.loss(micro, {inputs.at(0), inputs.at(1)}, metrics); });
  };
  return policy;
}

}  // namespace

ConfiguredAlgorithm open_for_check(const AlgorithmCheckOptions& options, const Node& settings) {
  return open_algorithm(PluginCatalog(std::vector<std::filesystem::path>{}),
                        options.library.string(), &settings);
}

ConfiguredAlgorithm open_for_check(const AlgorithmCheckOptions& options) {
  return open_for_check(options, options.settings);
}

TrialStep kept_part(const AlgorithmCheckOptions& options, const TrialStep& step) {
  const at::Tensor kept = open_for_check(options).algorithm->kept_groups(step.batch);
  if (!kept.defined()) return step;
  require(kept.scalar_type() == at::kBool && kept.dim() == 1 && kept.size(0) == step.batch.groups(),
          fmt::format(
              "kept_groups() returns {} values of type {} for {} groups; it wants a bool for each",
              kept.numel(), at::toString(kept.scalar_type()), step.batch.groups()));
  return without_groups(step, kept);
}

const char* input_name(const Objective& objective, std::size_t k) {
  if (!objective.is_policy) return "its model's numbers";
  return k == 0 ? "log-probs" : "entropies";
}

Measured measure(const Objective& objective) {
  Measured out;
  out.name = objective.name;
  std::vector<at::Tensor> leaves;
  for (const at::Tensor& input : objective.inputs)
    leaves.push_back(input.detach().clone().requires_grad_(true));
  const at::Tensor loss = objective.loss(objective.batch, leaves, out.metrics);
  require(loss.defined() && loss.numel() == 1,
          loss.defined() ? fmt::format("{} is not one number but {}", objective.name, loss.numel())
                         : objective.name + " is undefined");
  out.loss = loss.item<double>();
  if (loss.requires_grad()) loss.sum().backward();
  for (const at::Tensor& leaf : leaves)
    out.gradients.push_back(leaf.grad().defined() ? leaf.grad().to(at::kDouble)
                                                  : at::zeros({leaf.size(0)}, at::kDouble));
  return out;
}

Objective part_of(const Objective& whole, const std::vector<std::int64_t>& episodes) {
  Objective part = whole;
  TrialStep step;
  step.batch = whole.batch;
  part.batch = reordered(step, episodes).batch;
  const at::Tensor tokens = tokens_of(whole.batch, episodes);
  for (at::Tensor& input : part.inputs) input = input.index_select(0, tokens);
  return part;
}

TrialReport run_trial(const AlgorithmCheckOptions& options, const std::vector<TrialStep>& steps,
                      const std::function<void(std::size_t, const Objective&)>& visit,
                      std::int64_t first, ModelNumbers numbers) {
  const ConfiguredAlgorithm opened = open_for_check(options);
  Algorithm& algorithm = *opened.algorithm;
  std::size_t index = 0;
  TrialHost host(algorithm.auxiliary_models(), numbers,
                 [&](const Objective& objective) { visit(index, objective); });
  for (; index < steps.size(); ++index) {
    // The host changes nothing in a step without episodes.
    if (steps[index].batch.episodes() == 0) continue;
    host.begin(first + static_cast<std::int64_t>(index));
    visit(index, policy_objective(algorithm, steps[index], host));
  }
  return host.report();
}

std::vector<Measured> measure_step(const AlgorithmCheckOptions& options, const TrialStep& step) {
  std::vector<Measured> out;
  const TrialReport report = run_trial(
      options, {step},
      [&](std::size_t, const Objective& objective) { out.push_back(measure(objective)); });
  if (!out.empty()) out.back().metrics.add(report.metrics);
  return out;
}

}  // namespace tinyzero
