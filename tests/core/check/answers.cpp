#include "core/check/answers.h"

#include "core/task/task.h"

#include <doctest/doctest.h>

#include <set>

#include "support/task.h"
#include "tinyzero/answer.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/check/answers");

TEST_CASE("digits of a prompt are kept, separated by blanks") {
  CHECK(numbers_of("3 7 9 -> 20") == "3 7 9 20");
  CHECK(numbers_of("a12b3") == "12 3");
  CHECK(numbers_of("none").empty());
}

TEST_CASE("a good answer is a solution, else a demonstration") {
  const Task task = open_countdown();
  const Item item = task.draw(1, {0}).front();
  const auto answer = good_answer(task, item);
  REQUIRE(answer);
  CHECK(task.is_right(judge(task, item.state, *answer)));
}

TEST_CASE("hostile texts are of many kinds, and a function of the stream") {
  Rng a(1), b(1);
  std::set<std::string> texts;
  bool has_broken_bytes = false, has_long_text = false;
  for (int i = 0; i < 300; ++i) {
    const std::string text = hostile_text("<answer>1+2</answer>", a);
    CHECK(text == hostile_text("<answer>1+2</answer>", b));
    has_broken_bytes = has_broken_bytes || text.find('\xFF') != std::string::npos;
    has_long_text = has_long_text || text.size() > 2000;
    texts.insert(text);
  }
  CHECK(texts.size() > 200);
  CHECK(has_broken_bytes);
  CHECK(has_long_text);
}

TEST_CASE("a damaged state differs, and an empty one stays") {
  Rng rng(2);
  int same = 0;
  for (int i = 0; i < 200; ++i) same += damaged("{\"n\":12345}", rng) == "{\"n\":12345}" ? 1 : 0;
  CHECK(same < 20);
  CHECK(damaged("", rng).empty());
}

TEST_CASE("a mixed set has three answers to each problem, of which one is right") {
  const Task task = open_countdown();
  const AnswerSet set = mixed_answers(task, 1, 20);
  const auto verdicts = task.verify(set.answers());
  REQUIRE(verdicts.size() == 60);
  for (std::size_t i = 0; i < 60; i += 3) {
    CHECK(task.is_right(verdicts[i]));
    CHECK(verdicts[i + 2].outcome == Outcome::unparsable);
    CHECK(set.states[i] == set.states[i + 2]);
  }
}

TEST_CASE("verdicts that differ have different texts") {
  const Verdict verdict = Verdict::right();
  std::set<std::string> texts = {text_of({verdict})};
  Verdict other = verdict;
  other.reward = 0.5;
  CHECK(texts.insert(text_of({other})).second);
  other = verdict;
  other.parts[5] = 1;
  CHECK(texts.insert(text_of({other})).second);
  other = verdict;
  other.detail = "why";
  CHECK(texts.insert(text_of({other})).second);
  other = verdict;
  other.outcome = Outcome::abstain;
  CHECK(texts.insert(text_of({other})).second);
  CHECK(text_of({verdict, verdict}) != text_of({verdict}));
}
