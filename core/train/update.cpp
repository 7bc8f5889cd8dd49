#include "core/train/update.h"

#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <numeric>

#include "core/base/error.h"
#include "tinyzero/primitives.h"

namespace tinyzero {
namespace {

PolicyOutput run_policy(Transformer& policy, const ModelInput& input, double temperature) {
  const at::Tensor rows = policy.hidden(input.ids, input.shape).index_select(0, input.rows);  // (N, D)
  const TokenDistribution out = policy.distribution(rows, input.targets, temperature);
  return {out.logp, out.entropy};
}

// Episodes of problems first … first+count-1; `live` those that have a gradient.
struct Share {
  std::vector<std::int64_t> all, live;
};

Share share_of(const Batch& batch, std::int64_t first, std::int64_t count, bool only_advantages_teach) {
  at::Tensor teaches = batch.usable.clone();  // (B)
  if (only_advantages_teach) {
    teaches = at::zeros({batch.episodes()}, at::kBool);
    teaches.index_put_({batch.episode.index_select(0, batch.advantage.ne(0).nonzero().squeeze(1))}, at::ones({}, at::kBool));
    teaches.logical_and_(batch.usable);
  }
  Share share;
  const auto group = batch.group.accessor<std::int64_t, 1>();
  const auto live = teaches.accessor<bool, 1>();
  for (std::int64_t i = 0; i < batch.episodes(); ++i) {
    if (group[i] < first || group[i] >= first + count) continue;
    share.all.push_back(i);
    if (live[i]) share.live.push_back(i);
  }
  return share;
}

void add_metrics(const Batch& b, const PolicyOutput& policy, const at::Tensor& loss, bool first_update, Metrics& metrics) {
  const double count = b.mask.sum().item<double>();
  metrics.add("loss", loss.item<double>(), 0);
  metrics.add("entropy", masked_sum(policy.entropy, b.mask), count);
  metrics.add("kl", masked_sum(k3(b.logp_old, policy.logp), b.mask), count);  // the samples are the old policy's
  if (first_update) metrics.add("logp_gap", masked_sum((policy.logp - b.logp_old).abs(), b.mask), count);
}

}  // namespace

Metrics update_policy(PolicyWorkers& workers, Optimizer& optimizer, const Algorithm& algorithm, const Batch& batch,
                      const std::vector<Sequence>& sequences, const UpdateOptions& options) {
  Metrics metrics;
  const std::int64_t problems = options.problems / options.updates;
  for (std::int64_t u = 0; u < options.updates; ++u) {
    const Share share = share_of(batch, u * problems, problems, algorithm.only_advantages_teach());
    Batch whole = select_episodes(batch, share.all);
    whole.all = whole.counted();

    std::vector<std::int64_t> lengths;
    for (const std::int64_t i : share.live) lengths.push_back(static_cast<std::int64_t>(sequences[static_cast<std::size_t>(i)].ids.size()));
    const auto runs = divide(lengths, options.micro_batch, workers.count());
    std::vector<Metrics> parts(runs.size());
    workers.run(static_cast<std::int64_t>(runs.size()), [&](Transformer& policy, std::int64_t r) {
      std::vector<std::int64_t> episodes;
      std::vector<const Sequence*> chosen;
      for (const std::int64_t k : runs[static_cast<std::size_t>(r)]) {
        episodes.push_back(share.live[static_cast<std::size_t>(k)]);
        chosen.push_back(&sequences[static_cast<std::size_t>(episodes.back())]);
      }
      Batch micro = select_episodes(batch, episodes);
      micro.all = whole.all;
      const PolicyOutput out = run_policy(policy, pack_input(chosen), options.temperature);
      Metrics& part = parts[static_cast<std::size_t>(r)];
      const at::Tensor loss = algorithm.loss(micro, out, part);
      add_metrics(micro, out, loss, u == 0, part);
      torch::autograd::backward({loss}, {});
    });
    for (const Metrics& part : parts) metrics.add(part);
    metrics.add("loss", 0, 1);
    if (share.live.empty()) continue;
    const double norm = optimizer.step(options.rule, options.learning_rate, options.clip_norm);
    if (!std::isfinite(norm)) throw Failure("the gradient is not finite", "lower train.learning_rate; the last checkpoint is intact");
    metrics.add("gradient_norm", norm, 1);
  }
  return metrics;
}

double imitate(PolicyWorkers& workers, Optimizer& optimizer, const std::vector<Sequence>& sequences, const UpdateOptions& options) {
  std::vector<std::int64_t> lengths;
  double tokens = 0;
  for (const Sequence& sequence : sequences) {
    lengths.push_back(static_cast<std::int64_t>(sequence.ids.size()));
    tokens += static_cast<double>(sequence.completion());
  }
  const auto runs = divide(lengths, options.micro_batch, workers.count());
  std::vector<double> losses(runs.size());
  workers.run(static_cast<std::int64_t>(runs.size()), [&](Transformer& policy, std::int64_t r) {
    std::vector<const Sequence*> chosen;
    for (const std::int64_t i : runs[static_cast<std::size_t>(r)]) chosen.push_back(&sequences[static_cast<std::size_t>(i)]);
    const at::Tensor loss = -run_policy(policy, pack_input(chosen), 1.0).logp.sum() / tokens;
    losses[static_cast<std::size_t>(r)] = loss.item<double>();
    torch::autograd::backward({loss}, {});
  });
  if (!std::isfinite(optimizer.step(options.rule, options.learning_rate, options.clip_norm))) {
    throw Failure("the gradient of the warm start is not finite", "lower warm_start.learning_rate");
  }
  return std::accumulate(losses.begin(), losses.end(), 0.0);
}

}  // namespace tinyzero
