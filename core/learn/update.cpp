#include "core/learn/update.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "core/algorithm/called.h"
#include "core/algorithm/select_episodes.h"
#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/learn/gradient_signal.h"
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
  // The first so many live episodes belong to the first half of the problems that have any.
  std::int64_t first_half = 0;
  double first_share = 0;  // of those problems
};

// Finds the border between the two halves of the problems.
void halve(Update& update, const Batch& batch) {
  const auto group = batch.group.accessor<std::int64_t, 1>();
  std::vector<std::int64_t> starts;  // of problems, among the live episodes
  for (std::int64_t i = 0; i < std::ssize(update.live); ++i) {
    if (i == 0 || group[update.live[i]] != group[update.live[i - 1]]) starts.push_back(i);
  }
  const std::int64_t problems = std::ssize(starts), half = problems / 2;
  if (half == 0) return;
  update.first_half = starts[half];
  update.first_share = static_cast<double>(half) / static_cast<double>(problems);
}

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
  halve(out, data.batch);
  return out;
}

// What an update's means are divided by, however it is divided into micro-batches.
Counts counts_of(const Batch& batch, const Update& update) {
  if (std::ssize(update.episodes) == batch.episodes()) return batch.counted();
  return select_episodes(batch, update.episodes).counted();
}

// The micro-batches of an update: those of the first half of its problems, then the others.
class HalvedWork {
 public:
  HalvedWork(const Update& update, const std::vector<std::int64_t>& lengths,
             const UpdateOptions& options, std::int64_t shards)
      : shards_(shards) {
    const std::int64_t border = options.measure_signal ? update.first_half : 0;
    if (border > 0) add(lengths, 0, border, options.micro_batch);
    second_ = std::ssize(micro_batches_);
    add(lengths, border, std::ssize(lengths), options.micro_batch);
  }

  // Positions in `lengths`.
  const std::vector<std::vector<std::int64_t>>& micro_batches() const { return micro_batches_; }
  bool is_halved() const { return second_ > 0; }
  // Whether a micro-batch is its shard's first of the second half, and its shard's last.
  bool begins_second(std::int64_t i) const {
    return is_halved() && i >= second_ && i - shards_ < second_;
  }
  bool ends(std::int64_t i) const {
    return is_halved() && i + shards_ >= std::ssize(micro_batches_);
  }

 private:
  void add(const std::vector<std::int64_t>& lengths, std::int64_t first, std::int64_t last,
           std::int64_t tokens) {
    const std::vector<std::int64_t> part(lengths.begin() + first, lengths.begin() + last);
    for (std::vector<std::int64_t>& micro : split_by_tokens(part, tokens, shards_)) {
      for (std::int64_t& i : micro) i += first;
      micro_batches_.push_back(std::move(micro));
    }
  }

  std::int64_t shards_;
  std::int64_t second_ = 0;  // the first micro-batch of the second half
  std::vector<std::vector<std::int64_t>> micro_batches_;
};

// What the micro-batches of one update give.
struct MicroResults {
  explicit MicroResults(std::size_t count) : losses(count), metrics(count) {}

  std::vector<double> losses;  // each divided by the update's counts: the update's loss is the sum
  std::vector<Metrics> metrics;
  GradientSum gradient;
  std::optional<GradientSignal> signal;

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
  const HalvedWork work(update, lengths_of(sequences), options, workers.shards());
  const auto& micro_batches = work.micro_batches();
  GradientHalves halves(workers.weights().flat().numel(), workers.shards());
  MicroResults out(micro_batches.size());
  out.gradient = workers.run(std::ssize(micro_batches), [&](Transformer& model, std::int64_t i) {
    if (work.begins_second(i)) halves.end_first(i % workers.shards(), model.flat_gradient());
    Batch micro = select_episodes(data.batch, elements_at(update.live, micro_batches[i]));
    micro.all = counts;
    const ModelInput input = pack_input(elements_at(sequences, micro_batches[i]));
    const ModelOutput output = run_model(model, input, options.temperature);
    const at::Tensor value = loss(update.number, micro, output, out.metrics[i]);
    out.losses[i] = value.item<double>();
    if (std::isfinite(out.losses[i]) && value.requires_grad())
      torch::autograd::backward({value}, {});
    if (work.ends(i)) halves.end(i % workers.shards(), model.flat_gradient());
  });
  share_results(workers, out);
  if (!work.is_halved()) return out;
  halves.share(workers);
  out.signal = halves.measure(update.first_share);
  return out;
}

// Usable episodes and, with `zero_advantage_is_no_gradient`, of those the ones with a trained token
// whose advantage is not 0: (B) bool.
at::Tensor live_episodes(const Batch& batch, bool zero_advantage_is_no_gradient) {
  if (!zero_advantage_is_no_gradient) return batch.usable;
  at::Tensor live = at::zeros({batch.episodes()}, at::kBool);                     // (B)
  const at::Tensor counts = batch.advantage.ne(0).logical_and(batch.mask.ne(0));  // (N)
  live.index_put_({batch.episode.index_select(0, counts.nonzero().squeeze(1))},
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
      if (micro.signal && micro.signal->total > 0) {
        report.signal.signal += micro.signal->signal;
        report.signal.total += micro.signal->total;
      }
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
  if (report.signal.total > 0)
    report.metrics.add("gradient_signal", report.signal.signal, report.signal.total);
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
