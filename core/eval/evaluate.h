// Accuracy of a policy on held-out problems.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/base/json.h"
#include "core/base/stop.h"
#include "core/eval/problem_intervals.h"
#include "core/eval/statistics.h"
#include "tinyzero/item.h"

namespace tinyzero {

class Engine;
class Task;
class Tokenizer;
struct EvalSet;
struct ScoredCompletion;
struct EvalOptions {
  std::int64_t samples = 1;  // completions a problem for the sampled accuracy
  double temperature = 1.0;  // of those
  std::int64_t max_tokens = 256;
  std::uint64_t seed = 1, step = 0;  // name the randomness
  bool greedy = true;                // also decode each problem once without randomness
  // Where it is asked for, an evaluation ends with Interrupted; null: it goes to its end.
  const StopWish* stop = nullptr;
};

// One completion of an evaluation with its verdict.
struct EvalAnswer {
  std::size_t problem = 0;  // index into the problems
  std::int64_t sample = 0;
  bool greedy = false;
  std::string completion;
  double reward = 0;
  Outcome outcome = Outcome::error;
  std::string reason,
      detail;  // the task's words, or why there is no completion; more of it, may be empty
  Json parts = Json::object();
  bool right = false;                  // earned the full reward
  bool failed = false;                 // there is no completion: the endpoint failed
  std::string remark;                  // what is odd about an answer of an endpoint; empty: nothing
  std::string end = "eos";             // eos, length, or the word of an endpoint
  std::optional<std::int64_t> tokens;  // of the completion; an endpoint may not say
};

struct EvalReport {
  double problems = 0, keys = 0, samples = 0;
  double right = 0, judged = 0, total = 0;  // sampled completions: right, of those judged, of all
  Interval accuracy_interval;               // 95 % of right / judged (clustered_wilson)
  double greedy = 0;                        // share of problems that greedy decoding answers
  double length = 0, truncated = 0;         // of the sampled completions: mean tokens, share
  double failed = 0;                        // share that could not be judged
  std::vector<double> pass_at;              // unbiased pass@1, @2, @4 … up to samples
  std::map<std::int64_t, std::pair<double, double>>
      by_difficulty;  // whole part of the difficulty -> (right, judged)
  std::map<std::string, std::pair<double, double>>
      by_source;                           // task or level of a mixture -> (right, judged)
  std::map<std::string, double> reasons;   // sampled completions by reason
  std::map<std::string, double> outcomes;  // and by outcome
  std::map<std::string, double> remarks;   // and those that an endpoint gave in an odd form
  std::vector<Tally> tallies,
      greedy_tallies;  // by problem; the second is empty without greedy answers

  // Errors, abstentions and timeouts are no wrong answers: they are not in the denominator.
  double accuracy() const { return judged > 0 ? right / judged : 0; }
};

// Which answer of an evaluation: greedy or sampled, of which problem, number of the sample.
using AnswerName = std::tuple<bool, std::size_t, std::int64_t>;
inline AnswerName name_of(const EvalAnswer& a) { return {a.greedy, a.problem, a.sample}; }

// Where answers are kept while they come.
struct AnswerBook {
  // Those that need not be sampled.
  std::set<AnswerName> known;
  // Called with every other, once it is judged; also with what had ended at an interrupt.
  std::function<void(const EvalAnswer&)> take;
};

// Fills in the verdict of `answer`, whose completion is there.
void judge_answer(const Task& task, const Item& item, EvalAnswer& answer);

// Samples answers to `set`, then greedy ones if wanted; if `shown` is not null it receives the
// sampled completions. With a book, only those that it does not know.
std::vector<EvalAnswer> answer_set(Engine& engine, const Tokenizer& tokenizer,
                                   const std::vector<std::int64_t>& eos, const std::string& framing,
                                   const Task& task, const EvalSet& set, const EvalOptions& options,
                                   std::vector<ScoredCompletion>* shown = nullptr,
                                   const AnswerBook* book = nullptr);

// Counts answers to `set`, at most `samples` sampled ones a problem, in any order.
EvalReport summarize(const EvalSet& set, const std::vector<EvalAnswer>& answers,
                     std::int64_t samples);

// Both: evaluates on `set`.
EvalReport evaluate(Engine& engine, const Tokenizer& tokenizer,
                    const std::vector<std::int64_t>& eos, const std::string& framing,
                    const Task& task, const EvalSet& set, const EvalOptions& options,
                    std::vector<ScoredCompletion>* shown = nullptr);

}  // namespace tinyzero
