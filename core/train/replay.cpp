#include "core/train/replay.h"

#include <fmt/format.h>

#include <cstring>

#include "core/base/error.h"
#include "core/model/folder.h"
#include "core/run/episode_file.h"
#include "core/train/curriculum.h"
#include "core/train/recorded_step.h"
#include "core/train/rollout_engine.h"
#include "tinyzero/primitives.h"

namespace tinyzero {
namespace {

// The checkpoint before a step; throws Error naming the steps that have one.
fs::path checkpoint_before(const RunFolder& folder, std::int64_t step) {
  const fs::path wanted = folder.checkpoints() / checkpoint_name(Phase::reinforce, step - 1);
  if (fs::exists(wanted)) return wanted;
  const auto episodes = episode_files(folder.path());
  std::string steps;
  for (const fs::path& path : list_checkpoints(folder.checkpoints())) {
    const auto place = parse_checkpoint_name(path.filename().string());
    if (place && place->phase == Phase::reinforce && episodes.contains(place->step + 1))
      steps += (steps.empty() ? "" : ", ") + std::to_string(place->step + 1);
  }
  throw Error(fmt::format("step {} cannot be replayed: the run has no checkpoint {}", step,
                          wanted.filename().string()),
              steps.empty() ? "train with checkpoint.every above 0"
                            : "it has those before steps " + steps +
                                  "; checkpoint.every and checkpoint.keep decide");
}

// Mean change of the log-prob of a token, over completions that are right (or not).
double mean_change(const at::Tensor& change, const Batch& b, bool right) {
  return masked_mean(change, b.mask * b.right.eq(right).index_select(0, b.episode));
}

}  // namespace

Replay::Replay(OpenedRun& run, const RunFolder& folder, std::int64_t step)
    : run_(run),
      checkpoint_(checkpoint_before(folder, step)),
      after_(folder.checkpoints() / checkpoint_name(Phase::reinforce, step)),
      step_(step) {
  sampled_ = sample(read_start(run_.model));
  check_episodes(folder);
}

SampledStep Replay::sample(const Checkpoint& start) const {
  if (start.ahead) return RecordedStep(*start.ahead).repeat(run_, step_);
  Curriculum curriculum(run_.experiment.curriculum, run_.task);
  curriculum.restore(start.state.curriculum);
  const auto engine = rollout_engine(run_, [](const std::string&) {});
  return sample_step(*engine, run_, curriculum.stage(), step_);
}

Checkpoint Replay::read_start(Model& model) const {
  return read_checkpoint(checkpoint_, model, run_.adapter.get());
}

void Replay::check_episodes(const RunFolder& folder) const {
  const auto files = episode_files(folder.path());
  const auto file = files.find(step_);
  if (file == files.end())
    throw Error(fmt::format("{} has no episodes of step {} to compare with", folder.path().string(),
                            step_));
  EpisodeReader lines(file->second);
  std::size_t count = 0;
  for (std::string line; lines.next(line); ++count) {
    const Json recorded = parse_json(line, lines.place());
    const bool same =
        count < sampled_.completions.size() &&
        recorded.value("reward", 0.0) == sampled_.completions[count].verdict.reward &&
        recorded.value("completion", "") == as_written(sampled_.completions[count].text);
    if (!same)
      throw Error(
          fmt::format("completion {} of step {} does not repeat as it was recorded", count, step_),
          "replay with the program, task, kernels and machine that the run was made with: "
          "manifest.json names them");
  }
  if (count != sampled_.completions.size())
    throw Error(fmt::format("{} holds {} completions, the step has {}", file->second.string(),
                            count, sampled_.completions.size()));
}

std::optional<bool> Replay::weights_as_saved() const {
  if (!fs::exists(after_)) return std::nullopt;
  const Model saved = load_model(after_);
  const Model& now = run_.model;
  return saved.layout.size() == now.layout.size() &&
         std::memcmp(saved.weights.data(), now.weights.data(),
                     static_cast<std::size_t>(now.weights.size()) * sizeof(float)) == 0;
}

ReplayedUpdate Replay::update(Algorithm& algorithm, const std::string& name) {
  const Experiment& e = run_.experiment;
  ReplayedUpdate out;
  out.algorithm = name;
  Checkpoint start = read_start(run_.model);
  Learner learner(run_.model, algorithm, e, e.general.threads, run_.adapter.get());
  out.begun = learner.restore(std::move(start), /*begin_missing=*/true);
  const at::Tensor weights = learner.workers().weights().flat().clone();  // (P)

  const std::int64_t limit = sampled_.max_tokens;
  const StepBatch all = make_batch(sampled_.prompts, sampled_.completions, limit);
  const std::vector<bool> kept = kept_of(algorithm, e.rollout, all, e.rollout.prompts);
  StepBatch step = make_batch(sampled_.prompts, sampled_.completions, limit, kept);
  const auto logp = [&] {
    return evaluate_model(learner.workers(), all.sequences, e.train.micro_batch,
                          e.rollout.temperature)
        .logp;  // (N)
  };
  out.before = logp();
  out.episodes = std::ssize(step.sequences);
  out.learned = learner.learn(step_, step, &out.batch);
  out.after = logp();
  const at::Tensor change = out.after - out.before;  // (N)
  out.right = mean_change(change, all.batch, true);
  out.wrong = mean_change(change, all.batch, false);
  out.change = learner.workers().weights().flat() - weights;
  out.as_saved = weights_as_saved();
  out.advantage = recorded_advantage(all.batch, step.batch, kept);
  return out;
}

// Advantages of a step's update on all recorded tokens: 0 for problems that are not `kept`. (N)
at::Tensor Replay::recorded_advantage(const Batch& all, const Batch& step,
                                      const std::vector<bool>& kept) const {
  at::Tensor advantage = at::zeros_like(all.logp_old);  // (N)
  std::vector<std::int64_t> seen;                       // episodes of `all` that are in `step`
  for (std::int64_t i = 0; i < std::ssize(sampled_.completions); ++i) {
    if (kept[sampled_.completions[i].item]) seen.push_back(i);
  }
  if (!seen.empty())
    advantage.index_put_({at::isin(all.episode, at::tensor(seen))}, step.advantage.to(at::kFloat));
  return advantage;
}

ReplayComparison compare(const ReplayedUpdate& first, const ReplayedUpdate& second) {
  const auto cosine = [](const at::Tensor& a, const at::Tensor& b) {
    const double norms = a.norm().item<double>() * b.norm().item<double>();
    return norms > 0 ? a.dot(b).item<double>() / norms : 0.0;
  };
  const at::Tensor a = first.advantage.to(at::kDouble);   // (N)
  const at::Tensor b = second.advantage.to(at::kDouble);  // (N)
  const at::Tensor x = first.change.to(at::kDouble);      // (P)
  const at::Tensor y = second.change.to(at::kDouble);     // (P)
  const double norm = x.norm().item<double>();
  return {.advantage_correlation = cosine(a - a.mean(), b - b.mean()),
          .opposite_signs = (a * b).lt(0).to(at::kDouble).mean().item<double>(),
          .change_cosine = cosine(x, y),
          .change_ratio = norm > 0 ? y.norm().item<double>() / norm : 0.0};
}

}  // namespace tinyzero
