#include "core/run/metrics.h"

#include <algorithm>
#include <tuple>

#include "tinyzero/ascii.h"

namespace tinyzero {
namespace {

constexpr Metric kMetrics[] = {
    {.name = "eval/accuracy",
     .title = "Held-out accuracy",
     .unit = MetricUnit::share,
     .better = Better::up,
     .curve = Curve::shown,
     .meaning = "share of sampled completions that earn the full reward, out of those that could "
                "be judged, at `eval.temperature`"},
    {.name = "eval/accuracy_low",
     .title = "Held-out accuracy, lower bound",
     .unit = MetricUnit::share,
     .better = Better::up,
     .curve = Curve::hidden,
     .meaning = "lower bound of its 95 % Wilson interval, with problems as clusters"},
    {.name = "eval/accuracy_high",
     .title = "Held-out accuracy, upper bound",
     .unit = MetricUnit::share,
     .better = Better::up,
     .curve = Curve::hidden,
     .meaning = "upper bound of the same interval"},
    {.name = "eval/greedy",
     .title = "Greedy accuracy",
     .unit = MetricUnit::share,
     .better = Better::up,
     .meaning = "share of problems answered correctly by greedy decoding"},
    {.name = "eval/pass_at_K",
     .title = "pass@K",
     .unit = MetricUnit::share,
     .better = Better::up,
     .meaning = "unbiased pass@k (arXiv:2107.03374) for k = 2, 4, …, with `eval.samples` above 1"},
    {.name = "eval/length",
     .title = "Length",
     .unit = MetricUnit::tokens,
     .meaning = "mean tokens per completion, including the end token"},
    {.name = "eval/truncated",
     .title = "Truncated",
     .unit = MetricUnit::share,
     .better = Better::down,
     .meaning = "share of completions that were cut at `rollout.max_tokens`"},
    {.name = "eval/failed",
     .title = "Not judged",
     .unit = MetricUnit::share,
     .better = Better::down,
     .meaning = "share of completions that the task could not judge (error, abstain, timeout)"},
    {.name = "eval/difficulty_N",
     .title = "Accuracy at difficulty N",
     .unit = MetricUnit::share,
     .better = Better::up,
     .meaning = "accuracy on problems whose difficulty, in the task's own unit, is N to N+1"},
    {.name = "eval/accuracy/SOURCE",
     .title = "Accuracy on SOURCE",
     .unit = MetricUnit::share,
     .better = Better::up,
     .meaning = "for a mixture: accuracy by task, and by level as `level_1`"},
    {.name = "eval/reasons/REASON",
     .title = "REASON",
     .unit = MetricUnit::share,
     .curve = Curve::hidden,
     .meaning = "share of completions by the reason that the task gave, such as `wrong_value`"},
    {.name = "eval/traits/TRAIT",
     .title = "TRAIT",
     .meaning =
         "mean of what the task counts in completions; `task show` says what its traits are"},
    {.name = "eval/point",
     .title = "Point of the budget",
     .curve = Curve::hidden,
     .meaning =
         "with `eval.points`: the number of the share of the budget that the evaluation stands "
         "for; of several with one number the last counts"},
    {.name = "eval/problems",
     .title = "Problems",
     .unit = MetricUnit::problems,
     .curve = Curve::hidden,
     .meaning = "problems in the set"},
    {.name = "eval/keys",
     .title = "Different problems",
     .unit = MetricUnit::problems,
     .better = Better::up,
     .curve = Curve::hidden,
     .meaning = "different keys among them; where a task has few keys, the interval is too narrow "
                "for what it says about new problems"},
    {.name = "train/reward",
     .title = "Reward",
     .better = Better::up,
     .curve = Curve::shown,
     .meaning = "mean raw reward of the completions that could be judged"},
    {.name = "train/accuracy",
     .title = "Training accuracy",
     .unit = MetricUnit::share,
     .better = Better::up,
     .curve = Curve::shown,
     .meaning = "share of completions that earned the full reward"},
    {.name = "train/kl",
     .title = "KL",
     .unit = MetricUnit::nats,
     .curve = Curve::shown,
     .meaning = "k3 estimate of KL(sampling policy ‖ policy being updated), mean over trained "
                "tokens; 0 in the first update up to rounding"},
    {.name = "train/entropy",
     .title = "Entropy",
     .unit = MetricUnit::nats,
     .curve = Curve::shown,
     .meaning = "mean entropy of the next-token distribution over trained tokens; near 0 the "
                "policy has stopped exploring"},
    {.name = "train/length",
     .title = "Length",
     .unit = MetricUnit::tokens,
     .curve = Curve::shown,
     .meaning = "mean tokens per completion, including the end token"},
    {.name = "train/max_tokens",
     .title = "Longest completion allowed",
     .unit = MetricUnit::tokens,
     .curve = Curve::hidden,
     .meaning = "tokens that a completion of the step may have: `rollout.max_tokens`, or less "
                "while the limit grows from `rollout.first_tokens`"},
    {.name = "train/truncated",
     .title = "Truncated",
     .unit = MetricUnit::share,
     .better = Better::down,
     .curve = Curve::shown,
     .meaning = "share of completions that were cut at `train/max_tokens`"},
    {.name = "train/mixed_groups",
     .title = "Mixed groups",
     .unit = MetricUnit::share,
     .better = Better::up,
     .curve = Curve::shown,
     .meaning = "share of problems whose samples have different rewards; only these teach under a "
                "group baseline"},
    {.name = "train/gradient_norm",
     .title = "Gradient norm",
     .curve = Curve::shown,
     .meaning = "norm of the gradient before clipping, mean over updates"},
    {.name = "train/gradient_signal",
     .title = "Signal in the gradient",
     .better = Better::up,
     .meaning = "estimated share of the squared gradient on which the problems of an update agree; "
                "the rest is noise. Single steps scatter, also below 0: look at the mean"},
    {.name = "train/noise_scale",
     .title = "Noise scale",
     .better = Better::down,
     .meaning =
         "completions of an update in which noise would be as large as signal, by the recent "
         "steps; missing while no signal is found"},
    {.name = "train/logp_gap",
     .title = "Sampler against trainer",
     .unit = MetricUnit::nats,
     .better = Better::down,
     .curve = Curve::shown,
     .meaning = "mean distance between the log-probability recorded while sampling and the "
                "trainer's, in the first update; above 1e-4 in f32 or 0.02 in bf16 the two "
                "disagree about the model"},
    {.name = "train/failed",
     .title = "Not judged",
     .unit = MetricUnit::share,
     .better = Better::down,
     .meaning = "share of completions that the task could not judge (error, abstain, timeout)"},
    {.name = "train/learning_rate",
     .title = "Learning rate",
     .meaning = "learning rate of the step"},
    {.name = "train/loss",
     .title = "Loss",
     .meaning = "the algorithm's loss, with the whole update's denominators, mean over the updates "
                "of the step; of a policy gradient, near 0 is normal"},
    {.name = "train/accuracy/SOURCE",
     .title = "Training accuracy on SOURCE",
     .unit = MetricUnit::share,
     .better = Better::up,
     .meaning = "for a mixture: accuracy by task, and by level as `level_1`"},
    {.name = "train/reasons/REASON",
     .title = "REASON",
     .unit = MetricUnit::share,
     .curve = Curve::hidden,
     .meaning = "share of completions by the reason that the task gave, such as `wrong_value`"},
    {.name = "train/traits/TRAIT",
     .title = "TRAIT",
     .meaning = "mean of what the task counts in completions, such as `attempts`; never rewarded"},
    {.name = "train/sampled",
     .title = "Problems sampled",
     .unit = MetricUnit::problems,
     .meaning = "problems that were sampled"},
    {.name = "train/kept",
     .title = "Problems kept",
     .unit = MetricUnit::problems,
     .meaning = "problems that the update saw: fewer where an algorithm filters"},
    {.name = "train/skipped",
     .title = "Skipped updates",
     .better = Better::down,
     .meaning = "updates, of any model, that changed nothing because a loss or gradient was not "
                "finite; their batch is in `faults/`"},
    {.name = "train/importance",
     .title = "Importance weight",
     .meaning = "with `train.importance_cap`: mean weight of a token, the trainer's probability "
                "over the sampler's within its bounds"},
    {.name = "train/kl_reference",
     .title = "KL to the reference",
     .unit = MetricUnit::nats,
     .of_algorithms = true,
     .meaning = "with `algorithm.kl`: mean estimate of KL(policy ‖ reference)"},
    {.name = "train/kl_weight",
     .title = "Weight of the KL penalty",
     .of_algorithms = true,
     .meaning = "with `algorithm.kl_target`: weight of that penalty, which adapts"},
    {.name = "train/entropy_weight",
     .title = "Weight of the entropy bonus",
     .of_algorithms = true,
     .meaning = "with `algorithm.entropy_target`: weight of the bonus, which adapts"},
    {.name = "train/MODEL_loss",
     .title = "Loss of the MODEL",
     .meaning = "loss of an auxiliary model, such as `critic`, mean over its updates"},
    {.name = "train/MODEL_gradient_norm",
     .title = "Gradient norm of the MODEL",
     .meaning = "norm of its gradient before clipping, mean over its updates"},
    {.name = "curriculum/level",
     .title = "Level",
     .meaning = "with levels: the level that the step's problems came from, counted from 1"},
    {.name = "curriculum/level/TASK",
     .title = "Level of TASK",
     .meaning = "the same for each task of a mixture that has levels"},
    {.name = "warm_start/step",
     .title = "Warm-start step",
     .curve = Curve::hidden,
     .meaning = "steps of the warm start that are done"},
    {.name = "warm_start/loss",
     .title = "Warm start",
     .unit = MetricUnit::nats,
     .better = Better::down,
     .meaning = "mean negative log-probability of the demonstrations' tokens"},
    {.name = "speed/tokens",
     .title = "Speed",
     .unit = MetricUnit::tokens_per_second,
     .better = Better::up,
     .meaning = "sampled tokens, over the whole step"},
    {.name = "speed/rollout_tokens",
     .title = "Speed of sampling",
     .unit = MetricUnit::tokens_per_second,
     .better = Better::up,
     .meaning = "sampled tokens, while sampling"},
    {.name = "speed/slot_use",
     .title = "Slots in use",
     .unit = MetricUnit::share,
     .better = Better::up,
     .meaning = "share of the decoder's slots that held an unfinished completion"},
    {.name = "time/rollout",
     .title = "Sampling time",
     .unit = MetricUnit::seconds,
     .better = Better::down,
     .meaning = "time of sampling"},
    {.name = "time/score",
     .title = "Judging time",
     .unit = MetricUnit::seconds,
     .better = Better::down,
     .meaning = "time that the task took to judge"},
    {.name = "time/update",
     .title = "Update time",
     .unit = MetricUnit::seconds,
     .better = Better::down,
     .meaning = "time of gradients with the optimizer"},
    {.name = "time/await",
     .title = "Waiting for samples",
     .unit = MetricUnit::seconds,
     .better = Better::down,
     .meaning = "with `rollout.ahead`: time between the end of an update and that of the sampling "
                "beside it; `time/rollout` and `time/score` then run beside `time/update`"},
    {.name = "time/eval",
     .title = "Evaluation time",
     .unit = MetricUnit::seconds,
     .better = Better::down,
     .meaning = "time that the evaluation took"},
    {.name = "time/spent",
     .title = "Time spent",
     .unit = MetricUnit::seconds,
     .meaning = "time of all steps so far: what `train.budget_seconds` limits"},
    {.name = "ranks/wait",
     .title = "Waiting of ranks",
     .unit = MetricUnit::seconds,
     .better = Better::down,
     .meaning = "time that a rank waited for others since the step before, with evaluation and "
                "checkpoint, in the mean; only of a run with several processes"},
    {.name = "ranks/exchange",
     .title = "Exchange of ranks",
     .unit = MetricUnit::seconds,
     .better = Better::down,
     .meaning = "the same of sending and receiving"},
    {.name = "ranks/sent",
     .title = "Bytes sent",
     .meaning = "bytes that all ranks together sent in that time"},
    {.name = "tokens/sampled",
     .title = "Tokens sampled",
     .unit = MetricUnit::tokens,
     .meaning = "completion tokens that the step sampled"},
    {.name = "tokens/trained",
     .title = "Tokens trained",
     .unit = MetricUnit::tokens,
     .meaning = "completion tokens that models learned from, once for each model and pass: the "
                "policy, and a critic or reward model"},
    {.name = "tokens/read",
     .title = "Tokens read",
     .unit = MetricUnit::tokens,
     .meaning = "completion tokens that models processed without learning, once for each model "
                "and pass"},
    {.name = "tokens/spent",
     .title = "Tokens spent",
     .unit = MetricUnit::tokens,
     .meaning = "sum of these three over the run so far: what `train.budget_tokens` limits"},
};

// A name or title around its word in capitals.
struct Pattern {
  std::string_view before, word, after;

  explicit Pattern(std::string_view text) : before(text) {
    const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    for (std::size_t at = 0; at < text.size(); ++at) {
      std::size_t end = at;
      while (end < text.size() && is_capital(text[end])) ++end;
      const bool whole = end == text.size() || !is_ascii_alphanumeric(text[end]);
      if (end > at && whole) {
        before = text.substr(0, at);
        word = text.substr(at, end - at);
        after = text.substr(end);
        return;
      }
    }
  }

  // What stands in a recorded name where the pattern has its word; empty if the name does not fit.
  std::string_view filling(std::string_view name) const {
    if (name.size() <= before.size() + after.size() || !name.starts_with(before) ||
        !name.ends_with(after))
      return {};
    return name.substr(before.size(), name.size() - before.size() - after.size());
  }
};

bool describes(const Metric& metric, std::string_view name) {
  const Pattern pattern(metric.name);
  return pattern.word.empty() ? metric.name == name : !pattern.filling(name).empty();
}

std::string spaced(std::string_view text) {
  std::string out(text);
  std::replace(out.begin(), out.end(), '_', ' ');
  return out;
}

std::string_view better_text(Better better) {
  return better == Better::up ? "higher" : better == Better::down ? "lower" : "";
}

}  // namespace

std::span<const Metric> metrics() { return kMetrics; }

// Exact names come before patterns: train/loss is not the loss of a model "".
const Metric* find_metric(std::string_view name) {
  const Metric* found = nullptr;
  for (const Metric& metric : kMetrics) {
    if (metric.name == name) return &metric;
    if (found == nullptr && describes(metric, name)) found = &metric;
  }
  return found;
}

bool is_of_host(std::string_view name) {
  const Metric* metric = find_metric("train/" + std::string(name));
  return metric != nullptr && !metric->of_algorithms;
}

std::string unit_text(MetricUnit unit) {
  switch (unit) {
    case MetricUnit::number: return "";
    case MetricUnit::share: return "share";
    case MetricUnit::tokens: return "tokens";
    case MetricUnit::tokens_per_second: return "tokens per second";
    case MetricUnit::seconds: return "seconds";
    case MetricUnit::nats: return "nats per token";
    case MetricUnit::problems: return "problems";
  }
  return "";
}

std::string metric_title(std::string_view name) {
  const Metric* metric = find_metric(name);
  if (metric == nullptr) return spaced(name.substr(name.find('/') + 1));
  const Pattern pattern(metric->name);
  if (pattern.word.empty()) return std::string(metric->title);
  const std::size_t at = metric->title.find(pattern.word);
  return std::string(metric->title.substr(0, at)) + spaced(pattern.filling(name)) +
         std::string(metric->title.substr(at + pattern.word.size()));
}

// Names of one row by their length first, so that numbers in them ascend: pass_at_4, pass_at_16.
void sort_metrics(std::vector<std::string>& names) {
  const auto key = [](const std::string& name) {
    const Metric* metric = find_metric(name);
    const std::ptrdiff_t row = metric == nullptr ? std::ssize(kMetrics) : metric - kMetrics;
    return std::tuple(row, metric == nullptr ? 0 : name.size(), name);
  };
  std::sort(names.begin(), names.end(),
            [&](const std::string& a, const std::string& b) { return key(a) < key(b); });
}

std::string metrics_markdown() {
  std::string out =
      "## Every metric\n\n"
      "A word in capitals stands for a name or number. Names below `train/` that are not listed "
      "here are the\nalgorithm's own: its page describes them. *Better* says in which direction a "
      "run improves, where there is one.\n";
  std::string_view section;
  for (const Metric& metric : kMetrics) {
    const std::string_view prefix = metric.name.substr(0, metric.name.find('/'));
    if (prefix != section) {
      out += "\n### `" + std::string(prefix) +
             "/…`\n\n| name | unit | better | meaning |\n|---|---|---|---|\n";
      section = prefix;
    }
    out += "| `" + std::string(metric.name) + "` | " + unit_text(metric.unit) + " | " +
           std::string(better_text(metric.better)) + " | " + std::string(metric.meaning) + " |\n";
  }
  return out;
}

}  // namespace tinyzero
