#include "core/algorithm/trial_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/algorithm/trial_random.h"

namespace tinyzero {
namespace {

// The columns of a random step, as they are drawn.
class StepColumns {
 public:
  StepColumns(const StepShape& shape, Rng& rng) : shape_(shape), rng_(rng) {}

  void add_episode(std::int64_t i) {
    const std::int64_t tokens = rng_.between(1, shape_.longest);
    const std::int64_t g = i / shape_.samples;
    const std::int64_t s = i % shape_.samples;
    const bool usable = !rng_.chance(shape_.unusable);
    const bool equal = g == shape_.problems - 1 && g > 0;
    const bool right = equal || s == g % shape_.samples || rng_.chance(0.4);
    for (std::int64_t t = 0; t < tokens; ++t) add_token(t, usable);
    episode_.insert(episode_.end(), tokens, i);
    group_.push_back(g);
    length_.push_back(tokens);
    reward_.push_back(!usable ? 0.0 : right ? 1.0 : rng_.chance(0.5) ? 0.1 : 0.0);
    usable_.push_back(usable ? 1 : 0);
    truncated_.push_back(tokens == shape_.max_tokens ? 1 : 0);
  }

  TrialStep finish() const {
    TrialStep step;
    step.logp = at::tensor(logp_);        // (N)
    step.entropy = at::tensor(entropy_);  // (N)
    Batch& b = step.batch;
    b.logp_old = at::tensor(logp_old_);                  // (N)
    b.mask = at::tensor(mask_);                          // (N)
    b.episode = at::tensor(episode_);                    // (N)
    b.reward = at::tensor(reward_);                      // (B)
    b.usable = at::tensor(usable_).to(at::kBool);        // (B)
    b.group = at::tensor(group_);                        // (B)
    b.length = at::tensor(length_);                      // (B)
    b.truncated = at::tensor(truncated_).to(at::kBool);  // (B)
    b.right = b.reward.ge(1.0);                          // (B)
    b.max_tokens = shape_.max_tokens;
    b.all = b.counted();
    return step;
  }

 private:
  void add_token(std::int64_t t, bool usable) {
    const double old = std::log(1.0 - 0.95 * rng_.uniform());
    logp_old_.push_back(static_cast<float>(old));
    logp_.push_back(static_cast<float>(
        std::min(old + shape_.drift * normal(rng_), shape_.drift == 0 ? old : -1e-3)));
    entropy_.push_back(static_cast<float>(2.0 * rng_.uniform()));
    mask_.push_back(usable && (t == 0 || !rng_.chance(shape_.masked)) ? 1.0f : 0.0f);
  }

  const StepShape& shape_;
  Rng& rng_;
  std::vector<float> logp_old_, logp_, entropy_, mask_;
  std::vector<std::int64_t> episode_, group_, length_, usable_, truncated_;
  std::vector<double> reward_;
};

}  // namespace

TrialStep random_step(std::uint64_t seed, std::uint64_t index, const StepShape& shape) {
  Rng rng(seed, {key_of("step"), index});
  StepColumns columns(shape, rng);
  for (std::int64_t i = 0; i < shape.problems * shape.samples; ++i) columns.add_episode(i);
  TrialStep step = columns.finish();
  step.name = fmt::format("case {} ({} problems x {} samples, {} tokens)", index, shape.problems,
                          shape.samples, step.batch.tokens());
  return step;
}

void count_usable(TrialStep& step) {
  Batch& b = step.batch;
  b.mask = b.usable.index_select(0, b.episode).to(at::kFloat);
  b.all = b.counted();
}

at::Tensor tokens_of(const Batch& batch, const std::vector<std::int64_t>& episodes) {
  const at::Tensor ends = batch.length.cumsum(0);
  std::vector<at::Tensor> indices;
  for (const std::int64_t i : episodes) {
    const std::int64_t end = ends[i].item<std::int64_t>();
    indices.push_back(at::arange(end - batch.length[i].item<std::int64_t>(), end));
  }
  return indices.empty() ? at::zeros({0}, at::kLong) : at::cat(indices);
}

TrialStep reordered(const TrialStep& step, const std::vector<std::int64_t>& order) {
  const at::Tensor tokens = tokens_of(step.batch, order), episodes = at::tensor(order, at::kLong);
  const auto of_tokens = [&](const at::Tensor& t) {
    return t.defined() ? t.index_select(0, tokens) : t;
  };
  const auto of_episodes = [&](const at::Tensor& t) { return t.index_select(0, episodes); };
  TrialStep out = step;
  Batch& b = out.batch;
  for (at::Tensor* t : {&out.logp, &out.entropy, &b.logp_old, &b.mask, &b.advantage})
    *t = of_tokens(*t);
  for (auto& [name, values] : b.added) values = of_tokens(values);
  for (at::Tensor* t : {&b.reward, &b.usable, &b.group, &b.length, &b.truncated, &b.right})
    *t = of_episodes(*t);
  b.episode = at::repeat_interleave(b.length);
  return out;
}

TrialStep without_groups(const TrialStep& step, const at::Tensor& kept) {
  std::vector<std::int64_t> episodes, group;
  std::map<std::int64_t, std::int64_t> numbers;  // by group that stays: its new number
  for (std::int64_t i = 0; i < step.batch.episodes(); ++i) {
    const std::int64_t g = step.batch.group[i].item<std::int64_t>();
    if (!kept[g].item<bool>()) continue;
    episodes.push_back(i);
    group.push_back(numbers.try_emplace(g, numbers.size()).first->second);
  }
  TrialStep out = reordered(step, episodes);
  out.batch.group = at::tensor(group, at::kLong);
  out.batch.all = out.batch.counted();
  return out;
}

std::string token_name(const Batch& batch, std::int64_t t) {
  const std::int64_t episode = batch.episode[t].item<std::int64_t>();
  const std::int64_t first = batch.length.slice(0, 0, episode).sum().item<std::int64_t>();
  return fmt::format("token {} of episode {}", t - first, episode);
}

}  // namespace tinyzero
