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
#include "core/task/traits.h"
#include "tinyzero/item.h"

namespace tinyzero {

class Engine;
class Task;
class Tokenizer;
struct EvalSet;
struct ScoredCompletion;

struct EvalOptions {
  std::int64_t samples = 1;  // completions per problem for the sampled accuracy
  double temperature = 1.0;  // of the sampled completions
  std::int64_t max_tokens = 256;
  // Together they name the random stream.
  std::uint64_t seed = 1;
  std::uint64_t step = 0;
  bool greedy = true;  // whether each problem is also decoded once without randomness
  // Whether a sampled completion that gives up, as the task's trait says, is followed by another,
  // as long as all of them together have at most max_tokens; the last one counts. Not with a book.
  bool ask_again = false;
  // A request to stop ends the evaluation with Interrupted; null: it always runs to its end.
  const StopRequest* stop = nullptr;
};

// One completion of an evaluation with its verdict.
struct EvalAnswer {
  std::size_t problem = 0;  // index into the problems
  std::int64_t sample = 0;
  bool greedy = false;
  std::string completion;
  double reward = 0;
  Outcome outcome = Outcome::error;
  std::string reason;  // the task's message, or why there is no completion
  std::string detail;  // more about the reason; may be empty
  Json parts = Json::object();
  std::vector<double> traits;          // empty: the task counts none, or there is no completion
  bool right = false;                  // whether it earned the full reward
  bool failed = false;                 // the endpoint failed, so there is no completion
  std::string remark;                  // oddity of an endpoint's answer; empty: none
  std::string end = "eos";             // eos, length, or an endpoint's own word
  std::optional<std::int64_t> tokens;  // length of the completion; an endpoint may not report it
};

// Counts of right answers and of all answers that could be judged.
using RightAndJudged = std::pair<double, double>;

struct EvalReport {
  double problems = 0;
  double keys = 0;
  double samples = 0;
  // Counts of sampled completions.
  double right = 0;
  double judged = 0;
  double total = 0;
  Interval accuracy_interval;  // 95 % interval of right / judged (clustered_wilson)
  double greedy = 0;           // share of problems that greedy decoding answers
  // Of the sampled completions.
  double length = 0;                                     // mean, in tokens
  double truncated = 0;                                  // share
  double failed = 0;                                     // share that could not be judged
  std::vector<double> pass_at;                           // unbiased pass@1, @2, @4 … up to samples
  std::map<std::int64_t, RightAndJudged> by_difficulty;  // by the whole part of the difficulty
  std::map<std::string, RightAndJudged> by_source;       // by task or level of a mixture
  std::map<std::string, double> reasons;                 // completions by reason
  std::vector<TraitMean> traits;                         // means over the sampled completions
  std::map<std::string, double> outcomes;                // completions by outcome
  std::map<std::string, double> remarks;                 // completions by remark
  std::vector<Tally> tallies;                            // by problem
  std::vector<Tally> greedy_tallies;                     // by problem; empty without greedy answers

  // Errors, abstentions and timeouts are not wrong answers: they are not in the denominator.
  double accuracy() const { return judged > 0 ? right / judged : 0; }
};

// What identifies an answer of an evaluation: greedy or sampled, the problem, the sample's number.
using AnswerName = std::tuple<bool, std::size_t, std::int64_t>;
inline AnswerName name_of(const EvalAnswer& a) { return {a.greedy, a.problem, a.sample}; }

// Stores answers as they come.
struct AnswerBook {
  // Answers that need not be sampled again.
  std::set<AnswerName> known;
  // Called with every other answer once it is judged, also with those complete at an interrupt.
  std::function<void(const EvalAnswer&)> take;
};

// A model that answers, and how its prompts are made. All must outlive the call.
struct AnsweringModel {
  Engine& engine;
  const Tokenizer& tokenizer;
  const std::vector<std::int64_t>& eos;
  const std::string& framing;
};

// The key of EvalReport::by_difficulty for a problem of this difficulty.
std::int64_t difficulty_bucket(double difficulty);

// Fills in the verdict and the traits of `answer`, which has a completion.
void judge_answer(const Task& task, const Item& item, EvalAnswer& answer);

// Samples answers to `set`, then greedy ones if wanted. `shown` receives the sampled completions if
// it is not null. With a book, only answers that it does not know are sampled.
std::vector<EvalAnswer> answer_set(const AnsweringModel& model, const Task& task,
                                   const EvalSet& set, const EvalOptions& options,
                                   std::vector<ScoredCompletion>* shown = nullptr,
                                   const AnswerBook* book = nullptr);

// Summarizes answers to `set` in any order, at most `samples` sampled ones per problem. The answers
// hold `traits`.
EvalReport summarize(const EvalSet& set, const std::vector<EvalAnswer>& answers,
                     std::int64_t samples, const std::vector<TaskTrait>& traits = {});

// Samples answers to `set` and summarizes them.
EvalReport evaluate(const AnsweringModel& model, const Task& task, const EvalSet& set,
                    const EvalOptions& options, std::vector<ScoredCompletion>* shown = nullptr);

}  // namespace tinyzero
