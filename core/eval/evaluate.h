// Accuracy of a policy on held-out problems.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/eval/statistics.h"
#include "core/rollout/engine.h"
#include "core/task/stream.h"
#include "core/text/tokenizer.h"

namespace tinyzero {

struct EvalOptions {
  std::int64_t samples = 1;  // completions a problem for the sampled accuracy
  double temperature = 1.0;  // of those
  std::int64_t max_tokens = 256;
  std::uint64_t seed = 1, step = 0;  // name the randomness
  bool greedy = true;                // also decode each problem once without randomness
};

struct EvalReport {
  double problems = 0, keys = 0, samples = 0;
  double right = 0, total = 0;                                      // sampled completions
  Interval accuracy_interval;                                       // of right / total, Wilson 95 %
  double greedy = 0;                                                // share of problems that greedy decoding answers
  double length = 0, truncated = 0;                                 // of the sampled completions: mean tokens, share
  double failed = 0;                                                // share that the task could not judge
  std::vector<double> pass_at;                                      // unbiased pass@1, @2, @4 … up to samples
  std::map<std::int64_t, std::pair<double, double>> by_difficulty;  // whole part of the difficulty -> (right, total)
  std::map<std::string, double> reasons;                            // verdicts by reason

  double accuracy() const { return total > 0 ? right / total : 0; }
};

// One completion with its verdict, for showing and for files.
struct ScoredCompletion {
  std::size_t item = 0;  // index into the problems
  std::string text;
  Verdict verdict;
  Episode episode;
  bool right = false;  // earned the full reward
};

// Frames and tokenizes problems; each is to be completed `samples` times.
std::vector<Prompt> make_prompts(const Tokenizer& tokenizer, const std::string& framing, const std::vector<Item>& items,
                                 std::int64_t samples);

// Verdicts of completions, in their order. items[episode.prompt] is the problem that an episode answers.
std::vector<ScoredCompletion> score_episodes(const Tokenizer& tokenizer, const Task& task, const std::vector<Item>& items,
                                             std::vector<Episode> episodes);

// Evaluates on `set`; if `shown` is not null it receives the sampled completions.
EvalReport evaluate(Engine& engine, const Tokenizer& tokenizer, const std::vector<std::int64_t>& eos, const std::string& framing,
                    const Task& task, const EvalSet& set, const EvalOptions& options, std::vector<ScoredCompletion>* shown = nullptr);

}  // namespace tinyzero
