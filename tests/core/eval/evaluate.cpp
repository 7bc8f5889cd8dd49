#include "core/eval/evaluate.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/random_streams.h"
#include "core/rollout/episodes.h"
#include "core/task/stream.h"
#include "core/text/prompt.h"
#include "core/text/tokenizer.h"
#include "support/stub_engine.h"
#include "support/task.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/eval/evaluate");

namespace {

EvalAnswer answer(std::size_t problem, std::int64_t sample, Outcome outcome, bool right,
                  bool greedy = false) {
  EvalAnswer a;
  a.problem = problem;
  a.sample = sample;
  a.greedy = greedy;
  a.outcome = outcome;
  a.right = right;
  a.reason = right ? "correct" : "wrong";
  a.tokens = 10;
  return a;
}

}  // namespace

TEST_CASE("what could not be judged is counted, but is no wrong answer") {
  EvalSet set;
  set.items = {{"a", "a", "", 1.5, 0}, {"b", "b", "", 2, 1}, {"c", "c", "", 2.9, 2}};
  set.keys = 3;
  const EvalReport r = summarize(
      set,
      {answer(0, 0, Outcome::scored, true), answer(0, 1, Outcome::error, false),
       answer(1, 1, Outcome::scored, false), answer(1, 0, Outcome::unparsable, false),
       answer(2, 0, Outcome::timeout, false), answer(2, 1, Outcome::scored, true),
       answer(1, 0, Outcome::scored, true, true), answer(0, 0, Outcome::abstain, false, true)},
      2);
  CHECK(r.total == 6);
  CHECK(r.judged == 4);
  CHECK(r.accuracy() == doctest::Approx(0.5));
  CHECK(r.failed == doctest::Approx(1.0 / 3));
  CHECK(r.greedy == 1);  // of the one that was judged
  CHECK(r.outcomes.at("error") == 1);
  CHECK(r.outcomes.at("unparsable") == 1);
  CHECK(r.by_difficulty.at(1) == std::pair(1.0, 1.0));
  CHECK(r.by_difficulty.at(2) == std::pair(1.0, 3.0));
  REQUIRE(r.pass_at.size() == 2);
  CHECK(r.pass_at[0] == doctest::Approx((1.0 + 0.0 + 1.0) / 3));
  CHECK(r.pass_at[1] == 0);  // of problem 1, the one with two judged
  CHECK(r.length == 10);
}

TEST_CASE("an answer is judged by the task") {
  const Task task = open_task("multiplication");
  const Item item{"3*4", "3*4", "{\"a\":3,\"op\":\"*\",\"b\":4}", 1, 0};
  EvalAnswer a;
  a.completion = "<answer>12</answer>";
  judge_answer(task, item, a);
  CHECK(a.right);
  CHECK(a.outcome == Outcome::scored);
  CHECK(a.reason == "correct");
  CHECK(a.parts["format"] == 1);
  a.completion = "13";
  judge_answer(task, item, a);
  CHECK_FALSE(a.right);
  CHECK(a.outcome == Outcome::unparsable);
}

namespace {

// Every completion gives up, but for even samples of a second round, which hit.
class GivingUp : public StubEngine {
 public:
  GivingUp(const Tokenizer& tokenizer, const Task& task, const EvalSet& set)
      : tokenizer_(tokenizer), task_(task), set_(set) {}

  std::vector<Episode> generate(const std::vector<Prompt>& prompts, const Sampling& sampling,
                                const GenerateHooks&) override {
    steps.push_back(sampling.step);
    std::vector<Episode> out;
    for (std::size_t p = 0; p < prompts.size(); ++p) {
      const bool first = prompts[p].number < 0;
      // Whose problem it is, the prompt says.
      std::size_t item = 0;
      while (tokenizer_.encode_prompt(frame_prompt(set_.items[item].prompt, "bare")) !=
             prompts[p].ids)
        ++item;
      const bool hits = !first && prompts[p].number % 2 == 0;
      Episode episode{.prompt = static_cast<std::int64_t>(p),
                      .sample = 0,
                      .tokens = {},
                      .logp = {},
                      .end = End::eos};
      episode.tokens = tokenizer_.encode(hits ? *task_.solve(set_.items[item].state) : kMiss);
      out.push_back(std::move(episode));
    }
    return out;
  }

  static constexpr const char* kMiss = "4-4=0?<answer>4-4</answer>";
  std::vector<std::uint64_t> steps;

 private:
  const Tokenizer& tokenizer_;
  const Task& task_;
  const EvalSet& set_;
};

}  // namespace

TEST_CASE("what gives up is asked again, within the length of one completion") {
  const Task task =
      open_task("countdown", "{numbers: 2, smallest: 4, largest: 4, target: [1, 16]}");
  const Tokenizer tokenizer = Tokenizer::make(true);
  EvalSet set;
  for (std::uint64_t i = 0; set.items.size() < 3; ++i) {
    for (const Item& item : task.draw(1, {i})) {
      const auto is_new = [&](const Item& other) { return other.prompt != item.prompt; };
      if (std::ranges::all_of(set.items, is_new)) set.items.push_back(item);
    }
  }
  GivingUp engine(tokenizer, task, set);
  const std::vector<std::int64_t> eos = {0};
  const std::string framing = "bare";
  const AnsweringModel model{
      .engine = engine, .tokenizer = tokenizer, .eos = eos, .framing = framing};
  const std::int64_t once = std::ssize(tokenizer.encode(GivingUp::kMiss));
  const EvalOptions options{
      .max_tokens = 3 * once - 2, .step = 7, .greedy = false, .ask_again = true};
  std::vector<ScoredCompletion> completions;
  const auto answers = answer_set(model, task, set, options, &completions);
  REQUIRE(answers.size() == 3);
  for (const std::size_t i : {0, 2}) {
    CHECK(answers[i].right);
    CHECK(answers[i].tokens == once + std::ssize(completions[i].episode.tokens));
  }
  CHECK_FALSE(answers[1].right);
  CHECK(answers[1].end == "length");
  CHECK(answers[1].tokens == options.max_tokens);
  CHECK(engine.steps == std::vector<std::uint64_t>{7, round_of_step(7, 1), round_of_step(7, 2)});
  CHECK(std::ssize(answer_set(model, task, set, {.max_tokens = 99, .greedy = false})) == 3);
  CHECK(engine.steps.size() == 4);  // without asking again, a single call
}
