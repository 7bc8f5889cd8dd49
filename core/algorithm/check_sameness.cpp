// Checks that a loss is the same number, with the same gradient, however a step reaches it: again,
// in another order, in parts, on other threads.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/algorithm/checks.h"
#include "core/algorithm/trial.h"
#include "core/base/workers.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

constexpr std::uint64_t kCases = 8;
constexpr double kRounding = 2e-5;  // of sums of floats in another order, for numbers about 1

bool are_equal(double a, double b, double tolerance) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::abs(a - b) <= tolerance * std::max({1.0, std::abs(a), std::abs(b)});
}

void compare_metrics(const Measured& a, const Measured& b, double tolerance,
                     const std::string& where) {
  for (const auto& [name, mean] : a.metrics.values()) {
    const auto found = b.metrics.values().find(name);
    require(found != b.metrics.values().end(), where + ": the metric \"" + name + "\" is gone");
    require(
        are_equal(mean.sum, found->second.sum, tolerance) &&
            are_equal(mean.count, found->second.count, tolerance),
        fmt::format("{}: the metric \"{}\" has sum {:.9g} and count {:.9g}, then {:.9g} and {:.9g}",
                    where, name, mean.sum, mean.count, found->second.sum, found->second.count));
  }
}

// `tokens` (N): the index in b of each token of `batch`, which is a's. Tolerance 0: bit for bit.
void compare(const Measured& a, const Measured& b, const Batch& batch, const at::Tensor& tokens,
             double tolerance, const std::string& where) {
  require(are_equal(a.loss, b.loss, tolerance),
          fmt::format("{}: {} is {:.9g}, then {:.9g}", where, a.name, a.loss, b.loss));
  for (std::size_t k = 0; k < a.gradients.size(); ++k) {
    const at::Tensor there = b.gradients[k].index_select(0, tokens);
    const double scale =
        std::max(a.gradients[k].abs().max().item<double>(), there.abs().max().item<double>());
    const at::Tensor off = (a.gradients[k] - there).abs();
    const std::int64_t worst = off.argmax().item<std::int64_t>();
    require(are_equal(off[worst].item<double>(), 0, 0) ||
                off[worst].item<double>() <= tolerance * scale,
            fmt::format("{}: the gradient of {} at {} is {:.9g}, then {:.9g}", where, a.name,
                        token_name(batch, worst), a.gradients[k][worst].item<double>(),
                        there[worst].item<double>()));
  }
  compare_metrics(a, b, tolerance, where);
}

void compare_all(const std::vector<Measured>& a, const std::vector<Measured>& b, const Batch& batch,
                 const at::Tensor& tokens, double tolerance, const std::string& where) {
  require(a.size() == b.size(), fmt::format("{}: prepare() trains {} models, then {}", where,
                                            a.size() - 1, b.size() - 1));
  for (std::size_t i = 0; i < a.size(); ++i) compare(a[i], b[i], batch, tokens, tolerance, where);
}

at::Tensor same_tokens(const Batch& batch) { return at::arange(batch.tokens()); }

// Calls work for every random step of which kept_groups() leaves something.
void for_cases(const AlgorithmCheckOptions& options,
               const std::function<void(const TrialStep&, Rng&)>& work) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    StepShape shape;
    shape.problems = 2 + static_cast<std::int64_t>(i);
    const TrialStep step = kept_part(options, random_step(options.seed, i, shape));
    Rng rng(options.seed, {i, 7});
    if (step.batch.episodes() > 0) work(step, rng);
  }
}

std::vector<std::int64_t> numbers_to(std::int64_t n) {
  std::vector<std::int64_t> out(n);
  std::iota(out.begin(), out.end(), 0);
  return out;
}

// A random division of the episodes; each part in the order of the batch.
std::vector<std::vector<std::int64_t>> random_parts(std::int64_t episodes, std::int64_t count,
                                                    Rng& rng) {
  std::vector<std::vector<std::int64_t>> parts(count);
  for (std::int64_t i = 0; i < episodes; ++i) parts[rng.below(parts.size())].push_back(i);
  std::erase_if(parts, [](const auto& part) { return part.empty(); });
  return parts;
}

// The sum of a loss over parts of its batch.
Measured measure_parts(const Objective& whole,
                       const std::vector<std::vector<std::int64_t>>& parts) {
  Measured sum;
  sum.name = whole.name;
  for (const at::Tensor& input : whole.inputs)
    sum.gradients.push_back(at::zeros({input.size(0)}, at::kDouble));
  for (const auto& episodes : parts) {
    const Measured part = measure(part_of(whole, episodes));
    sum.loss += part.loss;
    sum.metrics.add(part.metrics);
    for (std::size_t k = 0; k < sum.gradients.size(); ++k)
      sum.gradients[k].index_add_(0, tokens_of(whole.batch, episodes), part.gradients[k]);
  }
  return sum;
}

}  // namespace

CheckResult check_deterministic(const AlgorithmCheckOptions& options) {
  constexpr std::size_t kSteps = 3;
  std::vector<TrialStep> steps;
  for (std::size_t i = 0; i < kSteps; ++i)
    steps.push_back(kept_part(options, random_step(options.seed, i)));
  const auto run = [&] {
    std::vector<Measured> out;
    run_trial(options, steps, [&](std::size_t step, const Objective& objective) {
      out.push_back(measure(objective));
      compare(out.back(), measure(objective), objective.batch, same_tokens(objective.batch), 0,
              fmt::format("called twice in step {}, {}", step + 1, steps[step].name));
    });
    return out;
  };
  const std::vector<Measured> first = run(), second = run();
  require(first.size() == second.size(),
          fmt::format("two runs have {} and {} losses", first.size(), second.size()));
  for (std::size_t i = 0; i < first.size(); ++i) {
    const std::string where = fmt::format("two runs of {} steps", kSteps);
    require(are_equal(first[i].loss, second[i].loss, 0),
            fmt::format("{}: {} is {:.9g}, then {:.9g}", where, first[i].name, first[i].loss,
                        second[i].loss));
    for (std::size_t k = 0; k < first[i].gradients.size(); ++k)
      require(at::equal(first[i].gradients[k], second[i].gradients[k]),
              where + ": the gradient of " + first[i].name + " differs");
    compare_metrics(first[i], second[i], 0, where);
  }
  return {Grade::pass,
          fmt::format("{} losses of {} steps, the same bits twice", first.size(), kSteps)};
}

CheckResult check_order(const AlgorithmCheckOptions& options) {
  std::size_t losses = 0;
  for_cases(options, [&](const TrialStep& step, Rng& rng) {
    std::vector<std::int64_t> order = numbers_to(step.batch.episodes());
    rng.shuffle(order);
    const std::vector<Measured> before = measure_step(options, step),
                                after = measure_step(options, reordered(step, order));
    at::Tensor tokens = at::zeros({step.batch.tokens()}, at::kLong);  // where a token went
    tokens.index_put_({tokens_of(step.batch, order)}, same_tokens(step.batch));
    compare_all(before, after, step.batch, tokens, kRounding,
                step.name + ", episodes in another order");
    losses += before.size();
  });
  return {Grade::pass, fmt::format("{} losses of {} steps do not depend on the order of episodes",
                                   losses, kCases)};
}

CheckResult check_groups(const AlgorithmCheckOptions& options) {
  for_cases(options, [&](const TrialStep& step, Rng& rng) {
    std::vector<std::int64_t> numbers = numbers_to(step.batch.groups());
    rng.shuffle(numbers);
    TrialStep renumbered = step;
    renumbered.batch.group = at::tensor(numbers, at::kLong).index_select(0, step.batch.group);
    compare_all(measure_step(options, step), measure_step(options, renumbered), step.batch,
                same_tokens(step.batch), kRounding, step.name + ", groups numbered otherwise");
  });
  return {Grade::pass, fmt::format("{} steps do not depend on the numbers of groups", kCases)};
}

CheckResult check_micro_batches(const AlgorithmCheckOptions& options) {
  std::size_t divisions = 0;
  for_cases(options, [&](const TrialStep& step, Rng& rng) {
    run_trial(options, {step}, [&](std::size_t, const Objective& whole) {
      const Measured once = measure(whole);
      const std::int64_t episodes = whole.batch.episodes();
      for (const std::int64_t count : {std::int64_t{2}, std::int64_t{5}, 4 * episodes}) {
        const auto parts = random_parts(episodes, count, rng);
        ++divisions;
        compare(once, measure_parts(whole, parts), whole.batch, same_tokens(whole.batch), kRounding,
                fmt::format("{}, in one piece, then in {} micro-batches", step.name, parts.size()));
      }
    });
  });
  return {Grade::pass,
          fmt::format("{} divisions into micro-batches add up to the whole", divisions)};
}

CheckResult check_loss_threads(const AlgorithmCheckOptions& options) {
  constexpr std::int64_t kThreads = 4, kRounds = 25;
  StepShape shape;
  shape.problems = 12;
  const TrialStep step = kept_part(options, random_step(options.seed, 0, shape));
  run_trial(options, {step}, [&](std::size_t, const Objective& whole) {
    Rng rng(options.seed, {9});
    std::vector<Objective> micro;
    std::vector<Measured> alone;
    for (const auto& part : random_parts(whole.batch.episodes(), kThreads, rng)) {
      micro.push_back(part_of(whole, part));
      alone.push_back(measure(micro.back()));
    }
    run_workers(kThreads, [&](std::int64_t thread) {
      for (std::int64_t round = 0; round < kRounds; ++round) {
        const std::size_t k = static_cast<std::size_t>(thread + round) % micro.size();
        compare(alone[k], measure(micro[k]), micro[k].batch, same_tokens(micro[k].batch), 0,
                fmt::format("{}, alone, then with {} other threads", step.name, kThreads - 1));
      }
    });
  });
  return {Grade::pass,
          fmt::format("{} threads with {} calls each, the same bits as alone", kThreads, kRounds)};
}

}  // namespace tinyzero
