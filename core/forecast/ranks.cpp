#include "core/forecast/ranks.h"

#include <algorithm>

#include "core/learn/model_workers.h"

namespace tinyzero {
namespace {

constexpr double kFloatBytes = sizeof(float);
// Sampled tokens with their log-probs, and verdicts, all of which every rank gets.
constexpr double kTokenBytes = 8;
// Exchanges of a step, and of one update of a model: gradients, norms, losses, weights.
constexpr double kStepExchanges = 12;
constexpr double kUpdateExchanges = 10;

double real(std::int64_t n) { return static_cast<double>(n); }

// Updates of a step, and the numbers that all of them change together.
struct Updates {
  double count = 0;
  double numbers = 0;
};

Updates updates_of(const RunShape& run) {
  const TrainSettings& t = run.experiment.train;
  Updates all{.count = real(t.updates * t.epochs)};
  all.numbers = all.count * real(run.learning());
  for (const AuxiliaryModel& model : run.own_auxiliary_models()) {
    if (model.learning_rate == 0) continue;
    const double updates = real(t.updates * (model.epochs > 0 ? model.epochs : t.epochs));
    all.count += updates;
    all.numbers += updates * real(run.learning(model));
  }
  return all;
}

// The same run on so many ranks.
RunShape on_ranks(RunShape run, bool chose_shards, std::int64_t ranks) {
  run.ranks = ranks;
  const Experiment& e = run.experiment;
  if (chose_shards)
    run.experiment.train.shards =
        GradientDivision::shards_for(*run.model, e.general.threads, ranks);
  return run;
}

RanksForecast forecast(const RunShape& run, const ProcessStep& step,
                       const std::vector<Link>& links) {
  const double ranks = real(run.ranks);
  const Updates updates = updates_of(run);
  RanksForecast out{.ranks = run.ranks, .memory = memory_of(run).total()};
  // Gradients in slices, then weights; each rank keeps its own slice.
  const double moved = 2 * kFloatBytes * updates.numbers + kTokenBytes * step.tokens;
  out.exchanged = moved * (ranks - 1) / ranks;
  // Sampling is divided by whole problems: the rank with most of them is waited for.
  const std::int64_t prompts = run.experiment.rollout.prompts;
  const double most = real((prompts + run.ranks - 1) / run.ranks) / real(prompts);
  const double sampling = step.rollout * most, learning = step.update / ranks;
  const double computing = step.overlaps ? std::max(sampling, learning) : sampling + learning;
  for (const Link& link : links) {
    const double exchanges = kStepExchanges + kUpdateExchanges * updates.count;
    out.seconds.push_back(computing + out.exchanged / link.bytes_per_second +
                          exchanges * (ranks - 1) * link.latency);
  }
  return out;
}

}  // namespace

std::vector<Link> known_links() {
  return {{"1 Gb/s", 0.11e9, 100e-6}, {"10 Gb/s", 1.1e9, 30e-6}, {"100 Gb/s", 11e9, 5e-6}};
}

std::vector<RanksForecast> forecast_ranks(const RunShape& run, bool chose_shards,
                                          std::int64_t ranks, const ProcessStep& step,
                                          const std::vector<Link>& links) {
  std::vector<RanksForecast> out;
  for (std::int64_t r = 1; r <= ranks; r = r < ranks ? std::min(2 * r, ranks) : r + 1) {
    const RunShape divided = on_ranks(run, chose_shards, r);
    if (GradientDivision::suits(divided.experiment.train.shards, r))
      out.push_back(forecast(divided, step, links));
  }
  return out;
}

}  // namespace tinyzero
