#include "core/learn/update.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/algorithm/called.h"
#include "core/algorithm/select_episodes.h"
#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/learn/model_workers.h"
#include "core/ranks/ranks.h"
#include "tinyzero/primitives/losses.h"

namespace tinyzero {
namespace {

// One gradient step of a model: its episodes, in the order of the batch.
struct Update {
  std::int64_t number = 0;  // of the step, from 0
  std::vector<std::int64_t> episodes = {};
  std::vector<std::int64_t> live = {};  // the episodes that have a gradient
};

// Problems are divided among the updates of an epoch, in order.
Update update_of(const UpdateData& data, std::int64_t number, std::int64_t updates) {
  const std::int64_t problems = data.batch.groups(), share = number % updates;
  const std::int64_t first = share * problems / updates, last = (share + 1) * problems / updates;
  Update out{.number = number};
  const auto group = data.batch.group.accessor<std::int64_t, 1>();
  const auto live = data.live.accessor<bool, 1>();
  for (std::int64_t i = 0; i < data.batch.episodes(); ++i) {
    if (group[i] < first || group[i] >= last) continue;
    out.episodes.push_back(i);
    if (live[i]) out.live.push_back(i);
  }
  return out;
}

// What an update's means are divided by, however it is divided into micro-batches.
Counts counts_of(const Batch& batch, const Update& update) {
  if (std::ssize(update.episodes) == batch.episodes()) return batch.counted();
  return select_episodes(batch, update.episodes).counted();
}

// What the micro-batches of one update give.
struct MicroResults {
  explicit MicroResults(std::size_t count) : losses(count), metrics(count) {}

  std::vector<double> losses;  // each divided by the update's counts: the update's loss is the sum
  std::vector<Metrics> metrics;
  GradientSum gradient;

  bool are_finite() const {
    return std::all_of(losses.begin(), losses.end(), [](double x) { return std::isfinite(x); });
  }
};

// Gives every rank the losses and metrics of all micro-batches, of which it has its own.
void share_results(const ModelWorkers& workers, MicroResults& results) {
  if (!workers.ranks().are_many()) return;
  ByteWriter own;
  for (std::int64_t i = 0; i < std::ssize(results.losses); ++i) {
    if (!workers.is_own(i)) continue;
    const auto& metrics = results.metrics[i].values();
    own.put(i);
    own.put(results.losses[i]);
    own.put(std::ssize(metrics));
    for (const auto& [name, mean] : metrics) {
      own.put(name);
      own.put(mean.sum);
      own.put(mean.count);
    }
  }
  workers.ranks().share("losses", own, [&](ByteReader& in) {
    const auto i = in.get<std::int64_t>();
    results.losses[i] = in.get<double>();
    results.metrics[i] = {};
    for (auto left = in.get<std::int64_t>(); left > 0; --left) {
      const std::string name = in.get_text();
      const auto sum = in.get<double>();
      results.metrics[i].add(name, sum, in.get<double>());
    }
  });
}

MicroResults differentiate(ModelWorkers& workers, const MicroLoss& loss, const UpdateData& data,
                           const Update& update, const UpdateOptions& options) {
  const Counts counts = counts_of(data.batch, update);
  const std::vector<const Sequence*> sequences =
      elements_at(pointers_to(data.sequences), update.live);
  const auto micro_batches =
      split_by_tokens(lengths_of(sequences), options.micro_batch, workers.shards());
  MicroResults out(micro_batches.size());
  out.gradient = workers.run(std::ssize(micro_batches), [&](Transformer& model, std::int64_t i) {
    Batch micro = select_episodes(data.batch, elements_at(update.live, micro_batches[i]));
    micro.all = counts;
    const ModelInput input = pack_input(elements_at(sequences, micro_batches[i]));
    const ModelOutput output = run_model(model, input, options.temperature);
    const at::Tensor value = loss(update.number, micro, output, out.metrics[i]);
    out.losses[i] = value.item<double>();
    if (std::isfinite(out.losses[i]) && value.requires_grad())
      torch::autograd::backward({value}, {});
  });
  share_results(workers, out);
  return out;
}

// Usable episodes and, with `zero_advantage_is_no_gradient`, of those the ones with a token whose
// advantage is not 0: (B) bool.
at::Tensor live_episodes(const Batch& batch, bool zero_advantage_is_no_gradient) {
  if (!zero_advantage_is_no_gradient) return batch.usable;
  at::Tensor live = at::zeros({batch.episodes()}, at::kBool);  // (B)
  live.index_put_({batch.episode.index_select(0, batch.advantage.ne(0).nonzero().squeeze(1))},
                  at::ones({}, at::kBool));
  return live.logical_and_(batch.usable);
}

// Adds up the losses of micro-batches and counts their updates.
struct LossMean {
  double sum = 0;
  double updates = 0;

  void add(const MicroResults& micro) {
    for (const double loss : micro.losses) sum += loss;
    ++updates;
  }
};

}  // namespace

UpdateReport update_model(ModelWorkers& workers, Optimizer& optimizer, const MicroLoss& loss,
                          const UpdateData& data, const UpdateOptions& options) {
  UpdateReport report;
  LossMean mean;
  for (std::int64_t u = 0; u < options.updates * options.epochs; ++u) {
    const Update update = update_of(data, u, options.updates);
    if (update.live.empty()) continue;
    for (const std::int64_t i : update.live) report.tokens += data.sequences[i].completion();
    MicroResults micro = differentiate(workers, loss, data, update, options);
    double norm = std::numeric_limits<double>::quiet_NaN();
    if (micro.are_finite()) {
      mean.add(micro);
      for (const Metrics& metrics : micro.metrics) report.metrics.add(metrics);
      if (options.before_step) options.before_step();
      norm = optimizer.step(micro.gradient, options.rule, options.learning_rate, options.clip_norm);
    }
    if (std::isfinite(norm)) {
      report.metrics.add("gradient_norm", norm, 1);
      continue;
    }
    micro.gradient.clear();
    ++report.skipped;
    if (options.on_skip) options.on_skip(update.episodes);
  }
  if (mean.updates > 0) report.metrics.add("loss", mean.sum, mean.updates);
  return report;
}

UpdateReport update_policy(ModelWorkers& workers, Optimizer& optimizer, const Algorithm& algorithm,
                           const StepBatch& step, const UpdateOptions& options) {
  const auto loss = [&](std::int64_t update, const Batch& b, const ModelOutput& out,
                        Metrics& metrics) {
    const double count = b.mask.sum().item<double>();
    metrics.add("entropy", masked_sum(out.entropy, b.mask), count);
    // The samples are the old policy's: KL(old || new).
    metrics.add("kl", masked_sum(k3(b.logp_old, out.logp), b.mask), count);
    if (update == 0 && options.measure_gap)
      metrics.add("logp_gap", masked_sum((out.logp - b.logp_old).abs(), b.mask), count);
    Metrics own;
    const at::Tensor value =
        call_algorithm("loss", [&] { return algorithm.loss(b, {out.logp, out.entropy}, own); });
    check_own_metrics(own);
    metrics.add(own);
    return value;
  };
  const at::Tensor live = live_episodes(step.batch, algorithm.zero_advantage_is_no_gradient());
  return update_model(workers, optimizer, loss, {step.batch, step.sequences, live}, options);
}

double imitate(ModelWorkers& workers, Optimizer& optimizer, const std::vector<Sequence>& sequences,
               const UpdateOptions& options) {
  double tokens = 0;
  for (const Sequence& sequence : sequences) tokens += sequence.completion();
  const std::vector<const Sequence*> all = pointers_to(sequences);
  const auto micro_batches =
      split_by_tokens(lengths_of(all), options.micro_batch, workers.shards());
  MicroResults micro(micro_batches.size());
  micro.gradient = workers.run(std::ssize(micro_batches), [&](Transformer& policy, std::int64_t i) {
    const ModelInput input = pack_input(elements_at(all, micro_batches[i]));
    const at::Tensor loss = -run_model(policy, input, 1.0).logp.sum() / tokens;
    micro.losses[i] = loss.item<double>();
    torch::autograd::backward({loss}, {});
  });
  share_results(workers, micro);
  const double norm =
      optimizer.step(micro.gradient, options.rule, options.learning_rate, options.clip_norm);
  if (!std::isfinite(norm))
    throw Failure("the gradient of the warm start is not finite", "lower warm_start.learning_rate");
  return std::accumulate(micro.losses.begin(), micro.losses.end(), 0.0);
}

}  // namespace tinyzero
