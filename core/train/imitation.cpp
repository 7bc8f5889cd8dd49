#include "core/train/imitation.h"

#include "core/base/random_streams.h"
#include "core/task/task.h"
#include "core/text/tokenizer.h"
#include "core/train/opened_run.h"

namespace tinyzero {

std::vector<Episode> demonstrated_episodes(Engine& engine, const OpenedRun& run,
                                           const std::vector<Item>& items,
                                           const std::vector<Prompt>& prompts,
                                           const Sampling& sampling) {
  const auto eos = static_cast<std::int32_t>(run.model.config.eos.front());
  std::vector<Episode> episodes;
  std::vector<std::vector<std::int32_t>> sequences;
  for (std::int64_t p = 0; p < std::ssize(prompts); ++p) {
    for (std::int64_t s = 0; s < prompts[p].samples; ++s) {
      // A stream for each sample, none of which the warm start has seen.
      const std::uint64_t seed = stream_key(
          sampling.seed,
          {static_cast<std::uint64_t>(RandomStream::imitation), static_cast<std::uint64_t>(s)});
      Episode episode{.prompt = p, .sample = s, .tokens = {}, .logp = {}, .end = End::eos};
      episode.tokens = run.tokenizer.encode(
          run.demonstrated().demonstrate(items[p].state, seed, items[p].index));
      episode.tokens.push_back(eos);
      if (std::ssize(episode.tokens) > sampling.max_tokens) {
        episode.tokens.resize(sampling.max_tokens);
        episode.end = End::length;
      }
      sequences.push_back(prompts[p].ids);
      sequences.back().insert(sequences.back().end(), episode.tokens.begin(), episode.tokens.end());
      episodes.push_back(std::move(episode));
    }
  }
  const auto logp = engine.score(sequences, sampling.temperature);
  for (std::size_t i = 0; i < episodes.size(); ++i)
    episodes[i].logp.assign(logp[i].end() - std::ssize(episodes[i].tokens), logp[i].end());
  return episodes;
}

}  // namespace tinyzero
