// From problems to prompts, and from completions to verdicts, for training and evaluation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/rollout/engine.h"
#include "core/task/task.h"

namespace tinyzero {

class Tokenizer;

// One completion with its verdict.
struct ScoredCompletion {
  std::size_t item = 0;  // index into the problems
  std::string text;
  Verdict verdict;
  Episode episode;
  bool right = false;  // whether it earned the full reward
  TraitRow traits;     // empty if the task counts none
};

// Frames and tokenizes problems; each is to be completed `samples` times.
std::vector<Prompt> make_prompts(const Tokenizer& tokenizer, const std::string& framing,
                                 const std::vector<Item>& items, std::int64_t samples);

// Judges completions and counts their traits, in their order. items[episode.prompt] is the problem
// that an episode answers.
std::vector<ScoredCompletion> score_episodes(const Tokenizer& tokenizer, const Task& task,
                                             const std::vector<Item>& items,
                                             std::vector<Episode> episodes);

}  // namespace tinyzero
