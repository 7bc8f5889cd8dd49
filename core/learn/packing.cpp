#include "core/learn/packing.h"

#include <algorithm>
#include <numeric>

namespace tinyzero {

StepBatch make_batch(const std::vector<Prompt>& prompts,
                     const std::vector<ScoredCompletion>& completions, std::int64_t max_tokens,
                     const std::vector<bool>& kept) {
  StepBatch out;
  std::vector<float> logp, mask;
  std::vector<std::int64_t> episode, group, length;
  std::vector<double> reward, usable, truncated, right;
  std::vector<std::int64_t> places(prompts.size());  // of problems among the kept ones
  for (std::size_t p = 1; p < prompts.size(); ++p)
    places[p] = places[p - 1] + (kept.empty() || kept[p - 1] ? 1 : 0);
  std::size_t tokens = 0, episodes = 0;
  for (const ScoredCompletion& c : completions) {
    if (!kept.empty() && !kept[c.item]) continue;
    tokens += c.episode.tokens.size();
    ++episodes;
  }
  for (auto* of_tokens : {&logp, &mask}) of_tokens->reserve(tokens);
  episode.reserve(tokens);
  out.sequences.reserve(episodes);
  for (const ScoredCompletion& c : completions) {
    if (!kept.empty() && !kept[c.item]) continue;
    const auto& prompt = prompts[c.item].ids;
    const bool use = is_usable(c.verdict.outcome);
    Sequence sequence{{}, std::ssize(prompt)};
    sequence.ids.reserve(prompt.size() + c.episode.tokens.size());
    sequence.ids.insert(sequence.ids.end(), prompt.begin(), prompt.end());
    sequence.ids.insert(sequence.ids.end(), c.episode.tokens.begin(), c.episode.tokens.end());
    logp.insert(logp.end(), c.episode.logp.begin(), c.episode.logp.end());
    mask.insert(mask.end(), c.episode.tokens.size(), use ? 1.0f : 0.0f);
    episode.insert(episode.end(), c.episode.tokens.size(), std::ssize(out.sequences));
    group.push_back(places[c.item]);
    length.push_back(std::ssize(c.episode.tokens));
    reward.push_back(c.verdict.reward);
    usable.push_back(use);
    truncated.push_back(c.episode.end == End::length);
    right.push_back(c.right);
    out.sequences.push_back(std::move(sequence));
  }
  Batch& b = out.batch;
  b.logp_old = at::tensor(logp);
  b.mask = at::tensor(mask);
  b.episode = at::tensor(episode);
  b.reward = at::tensor(reward);
  b.usable = at::tensor(usable).ne(0);
  b.group = at::tensor(group);
  b.length = at::tensor(length);
  b.truncated = at::tensor(truncated).ne(0);
  b.right = at::tensor(right).ne(0);
  b.max_tokens = max_tokens;
  b.all = b.counted();
  return out;
}

namespace {

bool same_prompt(const Sequence& a, const Sequence& b) {
  return a.prompt == b.prompt && std::equal(a.ids.begin(), a.ids.begin() + a.prompt, b.ids.begin());
}

}  // namespace

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
    const std::int64_t first = continues || begins
                                   ? shape.tokens()
                                   : last_of_prompt + 1;  // row of the completion's first token
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
  const std::int64_t count =
      std::max<std::int64_t>(1, (total + tokens * workers - 1) / (tokens * workers)) * workers;
  std::vector<std::vector<std::int64_t>> runs(count);
  std::int64_t before = 0;  // tokens of earlier sequences
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const std::int64_t middle = before + lengths[i] / 2;
    runs[middle * count / std::max<std::int64_t>(1, total)].push_back(static_cast<std::int64_t>(i));
    before += lengths[i];
  }
  std::erase_if(runs, [](const auto& run) { return run.empty(); });
  return runs;
}

}  // namespace tinyzero
