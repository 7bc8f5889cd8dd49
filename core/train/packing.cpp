#include "core/train/packing.h"

#include <algorithm>
#include <numeric>

namespace tinyzero {

StepBatch make_batch(const std::vector<Prompt>& prompts, const std::vector<ScoredCompletion>& completions, std::int64_t max_tokens) {
  StepBatch out;
  std::vector<float> logp, mask;
  std::vector<std::int64_t> episode, group, length;
  std::vector<double> reward;
  const auto count = static_cast<std::int64_t>(completions.size());
  at::Tensor usable = at::zeros({count}, at::kBool), truncated = at::zeros({count}, at::kBool), right = at::zeros({count}, at::kBool);
  for (std::int64_t i = 0; i < count; ++i) {
    const ScoredCompletion& c = completions[static_cast<std::size_t>(i)];
    const auto& prompt = prompts[c.item].ids;
    const bool use = is_usable(c.verdict.outcome);
    Sequence sequence{prompt, static_cast<std::int64_t>(prompt.size())};
    sequence.ids.insert(sequence.ids.end(), c.episode.tokens.begin(), c.episode.tokens.end());
    out.sequences.push_back(std::move(sequence));
    logp.insert(logp.end(), c.episode.logp.begin(), c.episode.logp.end());
    mask.insert(mask.end(), c.episode.tokens.size(), use ? 1.0f : 0.0f);
    episode.insert(episode.end(), c.episode.tokens.size(), i);
    group.push_back(static_cast<std::int64_t>(c.item));
    length.push_back(static_cast<std::int64_t>(c.episode.tokens.size()));
    reward.push_back(c.verdict.reward);
    usable[i] = use;
    truncated[i] = c.episode.end == End::length;
    right[i] = c.right;
  }
  Batch& b = out.batch;
  b.logp_old = at::tensor(logp);
  b.mask = at::tensor(mask);
  b.episode = at::tensor(episode);
  b.reward = at::tensor(reward);
  b.usable = usable;
  b.group = at::tensor(group);
  b.length = at::tensor(length);
  b.truncated = truncated;
  b.right = right;
  b.max_tokens = max_tokens;
  b.all = b.counted();
  return out;
}

ModelInput pack_input(const std::vector<const Sequence*>& sequences) {
  std::vector<std::int64_t> ids, rows, targets;
  ModelInput input;
  input.shape = std::make_shared<PackedShape>();
  for (const Sequence* sequence : sequences) {
    const std::int64_t first = input.shape->tokens(), length = static_cast<std::int64_t>(sequence->ids.size());
    ids.insert(ids.end(), sequence->ids.begin(), sequence->ids.end() - 1);
    for (std::int64_t t = sequence->prompt; t < length; ++t) {
      rows.push_back(first + t - 1);
      targets.push_back(sequence->ids[static_cast<std::size_t>(t)]);
    }
    input.shape->add(length - 1);
  }
  input.ids = at::tensor(ids);
  input.rows = at::tensor(rows);
  input.targets = at::tensor(targets);
  return input;
}

std::vector<std::vector<std::int64_t>> divide(const std::vector<std::int64_t>& lengths, std::int64_t tokens, std::int64_t workers) {
  const std::int64_t total = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  const std::int64_t count = std::max<std::int64_t>(1, (total + tokens * workers - 1) / (tokens * workers)) * workers;
  std::vector<std::vector<std::int64_t>> runs(static_cast<std::size_t>(count));
  std::int64_t before = 0;  // tokens of earlier sequences
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const std::int64_t middle = before + lengths[i] / 2;
    runs[static_cast<std::size_t>(middle * count / std::max<std::int64_t>(1, total))].push_back(static_cast<std::int64_t>(i));
    before += lengths[i];
  }
  std::erase_if(runs, [](const auto& run) { return run.empty(); });
  return runs;
}

}  // namespace tinyzero
