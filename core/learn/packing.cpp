#include "core/learn/packing.h"

#include <algorithm>
#include <numeric>

#include "core/rollout/episodes.h"
#include "core/transformer/packed_shape.h"

namespace tinyzero {
namespace {

// The columns of a batch, as they are filled.
class BatchColumns {
 public:
  void reserve(std::size_t tokens, std::size_t episodes) {
    logp_.reserve(tokens);
    mask_.reserve(tokens);
    episode_.reserve(tokens);
    sequences_.reserve(episodes);
  }

  void add(const Prompt& prompt, const ScoredCompletion& c, std::int64_t group) {
    const std::vector<std::int32_t>& tokens = c.episode.tokens;
    const bool use = is_usable(c.verdict.outcome);
    logp_.insert(logp_.end(), c.episode.logp.begin(), c.episode.logp.end());
    mask_.insert(mask_.end(), tokens.size(), use ? 1.0f : 0.0f);
    episode_.insert(episode_.end(), tokens.size(), std::ssize(sequences_));
    group_.push_back(group);
    length_.push_back(std::ssize(tokens));
    reward_.push_back(c.verdict.reward);
    usable_.push_back(use);
    truncated_.push_back(c.episode.end == End::length);
    right_.push_back(c.right);
    Sequence& sequence = sequences_.emplace_back();
    sequence.prompt = std::ssize(prompt.ids);
    sequence.ids.reserve(prompt.ids.size() + tokens.size());
    sequence.ids = prompt.ids;
    sequence.ids.insert(sequence.ids.end(), tokens.begin(), tokens.end());
  }

  StepBatch finish(std::int64_t max_tokens) {
    StepBatch out;
    out.sequences = std::move(sequences_);
    Batch& b = out.batch;
    b.logp_old = at::tensor(logp_);              // (N)
    b.mask = at::tensor(mask_);                  // (N)
    b.episode = at::tensor(episode_);            // (N)
    b.reward = at::tensor(reward_);              // (B)
    b.usable = at::tensor(usable_).ne(0);        // (B)
    b.group = at::tensor(group_);                // (B)
    b.length = at::tensor(length_);              // (B)
    b.truncated = at::tensor(truncated_).ne(0);  // (B)
    b.right = at::tensor(right_).ne(0);          // (B)
    b.max_tokens = max_tokens;
    b.all = b.counted();
    return out;
  }

 private:
  std::vector<float> logp_, mask_;
  std::vector<std::int64_t> episode_, group_, length_;
  std::vector<double> reward_, usable_, truncated_, right_;
  std::vector<Sequence> sequences_;
};

// By problem: its number among those that are in the batch.
std::vector<std::int64_t> group_numbers(std::size_t problems, const std::vector<bool>& kept) {
  std::vector<std::int64_t> numbers(problems);
  for (std::size_t p = 1; p < problems; ++p)
    numbers[p] = numbers[p - 1] + (kept.empty() || kept[p - 1] ? 1 : 0);
  return numbers;
}

bool same_prompt(const Sequence& a, const Sequence& b) {
  return a.prompt == b.prompt && std::equal(a.ids.begin(), a.ids.begin() + a.prompt, b.ids.begin());
}

}  // namespace

StepBatch make_batch(const std::vector<Prompt>& prompts,
                     const std::vector<ScoredCompletion>& completions, std::int64_t max_tokens,
                     const std::vector<bool>& kept) {
  const auto is_kept = [&](const ScoredCompletion& c) { return kept.empty() || kept[c.item]; };
  const std::vector<std::int64_t> groups = group_numbers(prompts.size(), kept);
  std::size_t tokens = 0, episodes = 0;
  for (const ScoredCompletion& c : completions) {
    if (!is_kept(c)) continue;
    tokens += c.episode.tokens.size();
    ++episodes;
  }
  BatchColumns columns;
  columns.reserve(tokens, episodes);
  for (const ScoredCompletion& c : completions)
    if (is_kept(c)) columns.add(prompts[c.item], c, groups[c.item]);
  return columns.finish(max_tokens);
}

void mask_truncated(Batch& batch) {
  const at::Tensor whole = batch.truncated.logical_not().to(batch.mask.scalar_type());  // (B)
  batch.mask = batch.mask * whole.index_select(0, batch.episode);
  batch.all = batch.counted();
}

std::vector<const Sequence*> pointers_to(const std::vector<Sequence>& sequences) {
  std::vector<const Sequence*> out;
  for (const Sequence& sequence : sequences) out.push_back(&sequence);
  return out;
}

std::vector<std::int64_t> lengths_of(const std::vector<const Sequence*>& sequences) {
  std::vector<std::int64_t> lengths;
  for (const Sequence* sequence : sequences) lengths.push_back(std::ssize(sequence->ids));
  return lengths;
}

ModelInput pack_input(const std::vector<const Sequence*>& sequences) {
  std::vector<std::int64_t> ids, rows, targets;
  ModelInput input;
  input.shape = std::make_shared<PackedShape>();
  PackedShape& shape = *input.shape;
  const auto shared = [&](std::size_t a, std::size_t b) {
    return b < sequences.size() && same_prompt(*sequences[a], *sequences[b]);
  };
  std::int64_t last_of_prompt = 0;  // row
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const Sequence& s = *sequences[i];
    const auto length = std::ssize(s.ids);
    const bool continues = i > 0 && shared(i - 1, i), begins = !continues && shared(i, i + 1);
    if (!continues) {
      last_of_prompt = shape.tokens() + s.prompt - 1;
      ids.insert(ids.end(), s.ids.begin(), s.ids.begin() + s.prompt);
      if (begins) shape.add(s.prompt);
    }
    // The row of the completion's first token.
    const std::int64_t first = continues || begins ? shape.tokens() : last_of_prompt + 1;
    ids.insert(ids.end(), s.ids.begin() + s.prompt, s.ids.end() - 1);
    for (std::int64_t t = s.prompt; t < length; ++t) {
      rows.push_back(t == s.prompt ? last_of_prompt : first + t - s.prompt - 1);
      targets.push_back(s.ids[t]);
    }
    if (continues || begins) shape.add_continuation(length - s.prompt - 1);
    else shape.add(length - 1);
  }
  input.ids = at::tensor(ids);
  input.rows = at::tensor(rows);
  input.targets = at::tensor(targets);
  return input;
}

std::vector<std::vector<std::int64_t>> split_by_tokens(const std::vector<std::int64_t>& lengths,
                                                       std::int64_t tokens, std::int64_t workers) {
  const std::int64_t total = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  const std::int64_t each = tokens * workers;
  const std::int64_t count = std::max<std::int64_t>(1, (total + each - 1) / each) * workers;
  std::vector<std::vector<std::int64_t>> micro_batches(count);
  std::int64_t before = 0;  // tokens of earlier sequences
  for (std::int64_t i = 0; i < std::ssize(lengths); ++i) {
    const std::int64_t middle = before + lengths[i] / 2;
    micro_batches[middle * count / std::max<std::int64_t>(1, total)].push_back(i);
    before += lengths[i];
  }
  std::erase_if(micro_batches, [](const auto& indices) { return indices.empty(); });
  return micro_batches;
}

}  // namespace tinyzero
