// The check that losses, gradients, advantages and metrics stay finite in extreme steps.

#include <fmt/format.h>

#include <cmath>

#include "core/algorithm/checks.h"
#include "core/algorithm/trial.h"
#include "core/check/checks.h"

namespace tinyzero {
namespace {

void require_finite(const AlgorithmCheckOptions& options, const TrialStep& whole,
                    ModelNumbers numbers, const std::string& what) {
  const TrialStep step = kept_part(options, whole);
  const auto check = [&](std::size_t place, const Objective& objective) {
    const Measured m = measure(objective);
    const std::string where = fmt::format("{} in step {}", what, place + 1);
    require(std::isfinite(m.loss), fmt::format("{}: {} is {}", where, m.name, m.loss));
    for (std::size_t k = 0; k < m.gradients.size(); ++k)
      require(m.gradients[k].isfinite().all().item<bool>(),
              fmt::format("{}: the gradient of {} by {} is not finite", where, m.name,
                          input_name(objective, k)));
    for (const auto& [name, mean] : m.metrics.values())
      require(std::isfinite(mean.sum),
              fmt::format("{}: the metric \"{}\" is {}", where, name, mean.sum));
    if (objective.is_policy)
      require(objective.batch.advantage.isfinite().all().item<bool>(),
              where + ": an advantage is not finite");
  };
  const TrialReport report = run_trial(options, {step, step, step}, check, 1, numbers);
  for (const auto& [name, mean] : report.metrics.values())
    require(std::isfinite(mean.sum),
            fmt::format("{}: the metric \"{}\" is {}", what, name, mean.sum));
}

}  // namespace

CheckResult check_extremes(const AlgorithmCheckOptions& options) {
  const auto drawn = [&](std::int64_t samples, std::int64_t longest) {
    StepShape shape;
    shape.samples = samples;
    shape.longest = longest;
    return random_step(options.seed, samples, shape);
  };
  const auto far_policy = [](TrialStep step) {
    step.logp = step.batch.logp_old +
                at::arange(step.batch.tokens()).remainder(2).mul(2).sub(1).to(at::kFloat) * 1e4;
    return step;
  };
  const auto with_rewards = [](TrialStep step, double scale) {
    step.batch.reward = (step.batch.reward - 0.5) * scale;
    return step;
  };
  TrialStep equal = drawn(4, 9);
  equal.batch.reward.fill_(0.1);
  equal.batch.right.fill_(false);
  TrialStep right = equal;
  right.batch.reward = at::ones_like(equal.batch.reward);
  right.batch.right = at::ones_like(equal.batch.right);
  TrialStep truncated = drawn(4, 12);
  truncated.batch.truncated.fill_(true);

  require_finite(options, drawn(4, 9), ModelNumbers::random, "an ordinary step");
  require_finite(options, drawn(4, 9), ModelNumbers::initial, "auxiliary models as they begin");
  require_finite(options, drawn(4, 9), ModelNumbers::wild,
                 "auxiliary models 10000 nats off, or values of a million");
  require_finite(options, far_policy(drawn(4, 9)), ModelNumbers::random,
                 "log-ratios of 10000 and -10000");
  require_finite(options, with_rewards(drawn(4, 9), 2e6), ModelNumbers::random,
                 "rewards of a million and minus a million");
  require_finite(options, drawn(4, 1), ModelNumbers::random, "completions of one token");
  require_finite(options, drawn(1, 9), ModelNumbers::random, "groups of one");
  require_finite(options, equal, ModelNumbers::random, "rewards that are all 0.1");
  require_finite(options, right, ModelNumbers::random, "answers that are all right");
  require_finite(options, truncated, ModelNumbers::random, "completions that are all truncated");
  require_finite(options, far_policy(with_rewards(drawn(1, 1), 2e6)), ModelNumbers::wild,
                 "all of these at once");
  return {Grade::pass,
          "11 kinds of extreme steps: every loss, gradient, advantage and metric is finite"};
}

}  // namespace tinyzero
