#include "core/rollout/episodes.h"

#include "core/text/prompt.h"
#include "core/text/tokenizer.h"

namespace tinyzero {

std::vector<Prompt> make_prompts(const Tokenizer& tokenizer, const std::string& framing,
                                 const std::vector<Item>& items, std::int64_t samples) {
  std::vector<Prompt> prompts;
  for (const Item& item : items)
    prompts.push_back(
        {.ids = tokenizer.encode_prompt(frame_prompt(item.prompt, framing)), .samples = samples});
  return prompts;
}

std::vector<ScoredCompletion> score_episodes(const Tokenizer& tokenizer, const Task& task,
                                             const std::vector<Item>& items,
                                             std::vector<Episode> episodes) {
  std::vector<ScoredCompletion> out;
  out.reserve(episodes.size());
  for (Episode& episode : episodes) {
    const std::size_t item = episode.prompt;
    out.push_back({.item = item,
                   .text = tokenizer.decode(episode.tokens),
                   .verdict = {},
                   .episode = std::move(episode),
                   .right = false,
                   .traits = {}});
  }
  std::vector<Answer> answers;
  answers.reserve(out.size());
  for (const ScoredCompletion& completion : out)
    answers.push_back({items[completion.item].state, completion.text});
  std::vector<Verdict> verdicts = task.verify(answers);
  std::vector<TraitRow> traits = task.count_traits(answers);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].verdict = std::move(verdicts[i]);
    out[i].right = task.is_right(out[i].verdict);
    out[i].traits = std::move(traits[i]);
  }
  return out;
}

}  // namespace tinyzero
