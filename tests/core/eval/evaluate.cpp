#include "core/eval/evaluate.h"

#include <doctest/doctest.h>

#include "core/task/stream.h"
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
