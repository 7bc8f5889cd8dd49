#include "core/train/recorded_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/base/error.h"
#include "core/task/mixture.h"
#include "core/train/step_sampler.h"

namespace tinyzero {
namespace {

template <class T>
void add(std::map<std::string, TensorInfo>& tensors, const std::string& name,
         const std::string& dtype, const std::vector<T>& values) {
  if (values.empty()) return;
  tensors[name] = {.dtype = dtype,
                   .shape = {std::ssize(values)},
                   .data = reinterpret_cast<const char*>(values.data()),
                   .bytes = values.size() * sizeof(T)};
}

template <class T>
std::vector<T> take(const SafetensorsFile& file, const std::string& name,
                    const std::string& dtype) {
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end()) return {};
  const TensorInfo& tensor = found->second;
  if (tensor.dtype != dtype)
    throw Error(fmt::format("{} is damaged: tensor \"{}\" is of type {}, not {}",
                            file.path().string(), name, tensor.dtype, dtype));
  std::vector<T> values(tensor.bytes / sizeof(T));
  std::memcpy(values.data(), tensor.data, values.size() * sizeof(T));
  return values;
}

// Gives the recorded completions of one call after the other.
class RecordedEngine : public Engine {
 public:
  RecordedEngine(std::vector<Episode> episodes, double slot_use) : episodes_(std::move(episodes)) {
    statistics_.slot_use = slot_use;
  }

  std::vector<Episode> generate(const std::vector<Prompt>& prompts, const Sampling&,
                                const GenerateHooks&) override {
    std::vector<Episode> out;
    for (std::int64_t prompt = 0; prompt < std::ssize(prompts); ++prompt) {
      for (std::int64_t sample = 0; sample < prompts[prompt].samples; ++sample, ++given_) {
        if (given_ == std::ssize(episodes_)) fail();
        out.push_back(std::move(episodes_[given_]));
        out.back().prompt = prompt;
        out.back().sample = sample;
      }
    }
    return out;
  }
  std::vector<std::vector<float>> score(const std::vector<std::vector<std::int32_t>>&,
                                        double) override {
    throw Error("recorded completions cannot score sequences");
  }
  void refresh() override {}
  const DecodeStatistics& statistics() const override { return statistics_; }

  // Throws Error unless all have been given.
  void check_all_given() const {
    if (given_ != std::ssize(episodes_)) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(fmt::format("the checkpoint holds {} completions of the next step, and the run's "
                            "settings ask for another number",
                            episodes_.size()),
                "continue with the settings and the task that the run was made with");
  }

  std::vector<Episode> episodes_;
  std::int64_t given_ = 0;
  DecodeStatistics statistics_;
};

}  // namespace

RecordedStep::RecordedStep(const SampledStep& sampled)
    : levels_(sampled.levels.begin(), sampled.levels.end()),
      statistics_{sampled.rollout_seconds, sampled.score_seconds, sampled.slot_use} {
  for (const ScoredCompletion& completion : sampled.completions) {
    const Episode& episode = completion.episode;
    lengths_.push_back(std::ssize(episode.tokens));
    ended_.push_back(episode.end == End::eos ? 1 : 0);
    tokens_.insert(tokens_.end(), episode.tokens.begin(), episode.tokens.end());
    logp_.insert(logp_.end(), episode.logp.begin(), episode.logp.end());
  }
}

RecordedStep::RecordedStep(const SafetensorsFile& file)
    : levels_(take<std::int64_t>(file, "levels", "I64")),
      lengths_(take<std::int64_t>(file, "lengths", "I64")),
      ended_(take<std::int64_t>(file, "ended", "I64")),
      tokens_(take<std::int32_t>(file, "tokens", "I32")),
      logp_(take<float>(file, "logp", "F32")),
      statistics_(take<double>(file, "statistics", "F64")) {
  const bool has_lengths =
      std::ranges::all_of(lengths_, [&](auto n) { return n > 0 && n <= std::ssize(tokens_); });
  const std::int64_t tokens = std::accumulate(lengths_.begin(), lengths_.end(), std::int64_t{0});
  if (!has_lengths || tokens != std::ssize(tokens_) || logp_.size() != tokens_.size() ||
      ended_.size() != lengths_.size() || statistics_.size() != 3)
    throw Error(file.path().string() + " is damaged: its tensors do not fit each other");
}

std::map<std::string, TensorInfo> RecordedStep::tensors() const {
  std::map<std::string, TensorInfo> tensors;
  add(tensors, "levels", "I64", levels_);
  add(tensors, "lengths", "I64", lengths_);
  add(tensors, "ended", "I64", ended_);
  add(tensors, "tokens", "I32", tokens_);
  add(tensors, "logp", "F32", logp_);
  add(tensors, "statistics", "F64", statistics_);
  return tensors;
}

SampledStep RecordedStep::repeat(const OpenedRun& run, std::int64_t step) const {
  std::vector<Episode> episodes;
  for (std::size_t i = 0, token = 0; i < lengths_.size(); token += lengths_[i++]) {
    const auto tokens = tokens_.begin() + token;
    const auto logp = logp_.begin() + token;
    episodes.push_back({.tokens = {tokens, tokens + lengths_[i]},
                        .logp = {logp, logp + lengths_[i]},
                        .end = ended_[i] == 1 ? End::eos : End::length});
  }
  RecordedEngine engine(std::move(episodes), statistics_[2]);
  const Stage stage{.levels = {levels_.begin(), levels_.end()},
                    .review = run.experiment.curriculum.review};
  SampledStep sampled = sample_step(engine, run, levels_.empty() ? nullptr : &stage, step);
  engine.check_all_given();
  sampled.rollout_seconds = statistics_[0];
  sampled.score_seconds = statistics_[1];
  return sampled;
}

}  // namespace tinyzero
