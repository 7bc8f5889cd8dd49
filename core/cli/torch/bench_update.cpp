#include "core/cli/torch/bench_update.h"

#include <algorithm>
#include <cmath>

#include "core/base/clock.h"
#include "core/rollout/episodes.h"
#include "core/transformer/profile.h"
#include "tinyzero/primitives.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

// A clipped policy gradient with rewards as advantages, so that every episode has a gradient.
at::Tensor policy_loss(const Batch& micro, const at::Tensor& logp) {
  const at::Tensor ratio = (logp - micro.logp_old).clamp(-20, 20).exp();                    // (N)
  const at::Tensor advantage = micro.reward.index_select(0, micro.episode).to(at::kFloat);  // (N)
  const at::Tensor objective =
      at::min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage);  // (N)
  return -objective.mul(micro.mask).sum() / micro.all.tokens;
}

ScoredCompletion random_completion(Rng& rng, std::int64_t length, std::int64_t vocab) {
  ScoredCompletion c;
  for (std::int64_t t = 0; t < length; ++t) {
    c.episode.tokens.push_back(static_cast<std::int32_t>(rng.between(0, vocab - 1)));
    c.episode.logp.push_back(-std::log(static_cast<float>(vocab)));
  }
  c.verdict.reward = rng.uniform();
  return c;
}

}  // namespace

StepBatch random_step(const std::vector<Prompt>& prompts, const std::vector<std::int64_t>& lengths,
                      std::int64_t vocab, std::int64_t max_tokens) {
  Rng rng(3);
  std::vector<ScoredCompletion> completions;
  std::size_t next = 0;
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    for (std::int64_t s = 0; s < prompts[p].samples; ++s, ++next) {
      ScoredCompletion c = random_completion(rng, lengths[next], vocab);
      c.item = p;
      c.episode.prompt = static_cast<std::int64_t>(p);
      c.episode.sample = s;
      completions.push_back(std::move(c));
    }
  }
  return make_batch(prompts, completions, max_tokens, {});
}

BenchUpdate::BenchUpdate(Model& model, StepBatch step, std::int64_t threads)
    : workers_(model, threads),
      optimizer_(workers_.weights(), {.threads = threads}),
      step_(std::move(step)) {
  options_.learning_rate = 1e-5;
  options_.measure_gap = false;
}

double BenchUpdate::run() {
  const Stopwatch watch;
  const auto loss = [](std::int64_t, const Batch& micro, const ModelOutput& out, Metrics&) {
    return policy_loss(micro, out.logp);
  };
  update_model(workers_, optimizer_, loss,
               {.batch = step_.batch, .sequences = step_.sequences, .live = step_.batch.usable},
               options_);
  return watch.seconds();
}

PhaseTimes BenchUpdate::profile() {
  profile_operators(true);
  const double all = run() * static_cast<double>(workers_.count());
  const OperatorTimes t = operator_times();
  profile_operators(false);
  return {{"products", t.products},
          {"attention", t.attention},
          {"norms and gates", t.norms_and_gates},
          {"head and loss", t.distribution},
          {"other and waiting",
           std::max(0.0, all - t.products - t.attention - t.norms_and_gates - t.distribution)}};
}

}  // namespace tinyzero
