#include "core/learn/update.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/algorithm/select_episodes.h"
#include "core/base/error.h"
#include "tinyzero/primitives.h"

namespace tinyzero {
namespace {

ModelOutput run_model(Transformer& model, const ModelInput& input, double temperature) {
  const at::Tensor states = model.hidden(input.ids, input.shape),
                   rows = states.index_select(0, input.rows.to(states.device()));  // (N, D)
  if (model.has_value_head()) return {{}, {}, model.values(rows)};
  const TokenDistribution out = model.distribution(rows, input.targets, temperature);
  return {out.logp, out.entropy, {}};
}

std::vector<const Sequence*> chosen_of(const std::vector<Sequence>& sequences,
                                       const std::vector<std::int64_t>& indices) {
  std::vector<const Sequence*> chosen;
  for (const std::int64_t i : indices) chosen.push_back(&sequences[i]);
  return chosen;
}

std::vector<std::int64_t> lengths_of(const std::vector<Sequence>& sequences,
                                     const std::vector<std::int64_t>& indices) {
  std::vector<std::int64_t> lengths;
  for (const Sequence* sequence : chosen_of(sequences, indices))
    lengths.push_back(std::ssize(sequence->ids));
  return lengths;
}

std::vector<std::int64_t> all_of(const std::vector<Sequence>& sequences) {
  std::vector<std::int64_t> indices(sequences.size());
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

// Episodes of problems first … last-1, in the order of the batch; `live` those that have a
// gradient.
struct UpdateEpisodes {
  std::vector<std::int64_t> all, live;
};

UpdateEpisodes episodes_of_update(const Batch& batch, const at::Tensor& live, std::int64_t first,
                                  std::int64_t last) {
  UpdateEpisodes share;
  const auto group = batch.group.accessor<std::int64_t, 1>();
  const auto alive = live.accessor<bool, 1>();
  for (std::int64_t i = 0; i < batch.episodes(); ++i) {
    if (group[i] < first || group[i] >= last) continue;
    share.all.push_back(i);
    if (alive[i]) share.live.push_back(i);
  }
  return share;
}

// Usable episodes; with `zero_advantage_is_no_gradient` those with a token whose advantage is not
// 0.
at::Tensor live_episodes(const Batch& batch, bool zero_advantage_is_no_gradient) {
  if (!zero_advantage_is_no_gradient) return batch.usable;
  at::Tensor live = at::zeros({batch.episodes()}, at::kBool);  // (B)
  live.index_put_({batch.episode.index_select(0, batch.advantage.ne(0).nonzero().squeeze(1))},
                  at::ones({}, at::kBool));
  return live.logical_and_(batch.usable);
}

// Gradients of one update's micro-batches, summed. False, and no gradient, if a loss is not finite.
bool accumulate(ModelWorkers& workers, std::int64_t update, const MicroLoss& loss,
                const Batch& batch, const std::vector<Sequence>& sequences,
                const UpdateEpisodes& share, const UpdateOptions& options, Metrics& metrics) {
  const bool whole = std::ssize(share.all) == batch.episodes();
  const Counts counts = whole ? batch.counted() : select_episodes(batch, share.all).counted();
  const auto micro_batches =
      split_by_tokens(lengths_of(sequences, share.live), options.micro_batch, workers.count());
  std::vector<Metrics> parts(micro_batches.size());
  std::vector<char> finite(micro_batches.size());
  workers.run(std::ssize(micro_batches), [&](Transformer& model, std::int64_t r) {
    std::vector<std::int64_t> episodes;
    for (const std::int64_t k : micro_batches[r]) episodes.push_back(share.live[k]);
    Batch micro = select_episodes(batch, episodes);
    micro.all = counts;
    Metrics& part = parts[r];
    const at::Tensor value = loss(
        update, micro,
        run_model(model, pack_input(chosen_of(sequences, episodes)), options.temperature), part);
    part.add("loss", value.item<double>(), 0);
    finite[r] = std::isfinite(value.item<double>());
    if (finite[r] && value.requires_grad()) torch::autograd::backward({value}, {});
  });
  if (std::find(finite.begin(), finite.end(), 0) != finite.end()) {
    at::Tensor(workers.model().flat_gradient()).zero_();
    return false;
  }
  for (const Metrics& part : parts) metrics.add(part);
  metrics.add("loss", 0, 1);
  return true;
}

}  // namespace

UpdateReport update_model(ModelWorkers& workers, Optimizer& optimizer, const MicroLoss& loss,
                          const Batch& batch, const std::vector<Sequence>& sequences,
                          const at::Tensor& live, const UpdateOptions& options) {
  UpdateReport report;
  const std::int64_t problems = batch.groups();
  for (std::int64_t u = 0; u < options.updates * options.epochs; ++u) {
    const std::int64_t part = u % options.updates;
    const UpdateEpisodes share = episodes_of_update(batch, live, part * problems / options.updates,
                                                    (part + 1) * problems / options.updates);
    if (share.live.empty()) continue;
    for (const Sequence* sequence : chosen_of(sequences, share.live))
      report.tokens += sequence->completion();
    double norm = std::nan("");
    if (accumulate(workers, u, loss, batch, sequences, share, options, report.metrics)) {
      if (options.before_step) options.before_step();
      norm = optimizer.step(options.rule, options.learning_rate, options.clip_norm);
    }
    if (std::isfinite(norm)) {
      report.metrics.add("gradient_norm", norm, 1);
      continue;
    }
    ++report.skipped;
    if (options.on_skip) options.on_skip(share.all);
  }
  return report;
}

UpdateReport update_policy(ModelWorkers& workers, Optimizer& optimizer, const Algorithm& algorithm,
                           const Batch& batch, const std::vector<Sequence>& sequences,
                           const UpdateOptions& options) {
  const auto loss = [&](std::int64_t update, const Batch& b, const ModelOutput& out,
                        Metrics& metrics) {
    const double count = b.mask.sum().item<double>();
    metrics.add("entropy", masked_sum(out.entropy, b.mask), count);
    metrics.add("kl", masked_sum(k3(b.logp_old, out.logp), b.mask),
                count);  // the samples are the old policy's
    if (update == 0 && options.measure_gap)
      metrics.add("logp_gap", masked_sum((out.logp - b.logp_old).abs(), b.mask), count);
    return algorithm.loss(b, {out.logp, out.entropy}, metrics);
  };
  return update_model(workers, optimizer, loss, batch, sequences,
                      live_episodes(batch, algorithm.zero_advantage_is_no_gradient()), options);
}

ModelOutput evaluate_model(ModelWorkers& workers, const std::vector<Sequence>& sequences,
                           std::int64_t micro_batch, double temperature) {
  const auto micro_batches =
      split_by_tokens(lengths_of(sequences, all_of(sequences)), micro_batch, workers.count());
  std::vector<at::Tensor> logp(micro_batches.size()), entropy(micro_batches.size()),
      value(micro_batches.size());
  workers.run(std::ssize(micro_batches), [&](Transformer& model, std::int64_t r) {
    const c10::NoGradGuard no_grad;
    const std::size_t k = r;
    const ModelOutput out =
        run_model(model, pack_input(chosen_of(sequences, micro_batches[k])), temperature);
    logp[k] = out.logp;
    entropy[k] = out.entropy;
    value[k] = out.value;
  });
  const auto joined = [](const std::vector<at::Tensor>& parts) {
    return parts.empty() || !parts.front().defined() ? at::Tensor() : at::cat(parts);
  };
  return {joined(logp), joined(entropy), joined(value)};
}

double imitate(ModelWorkers& workers, Optimizer& optimizer, const std::vector<Sequence>& sequences,
               const UpdateOptions& options) {
  double tokens = 0;
  for (const Sequence& sequence : sequences) tokens += sequence.completion();
  const auto micro_batches = split_by_tokens(lengths_of(sequences, all_of(sequences)),
                                             options.micro_batch, workers.count());
  std::vector<double> losses(micro_batches.size());
  workers.run(std::ssize(micro_batches), [&](Transformer& policy, std::int64_t r) {
    const ModelInput input = pack_input(chosen_of(sequences, micro_batches[r]));
    const at::Tensor loss = -run_model(policy, input, 1.0).logp.sum() / tokens;
    losses[r] = loss.item<double>();
    torch::autograd::backward({loss}, {});
  });
  if (!std::isfinite(optimizer.step(options.rule, options.learning_rate, options.clip_norm))) {
    throw Failure("the gradient of the warm start is not finite", "lower warm_start.learning_rate");
  }
  return std::accumulate(losses.begin(), losses.end(), 0.0);
}

}  // namespace tinyzero
