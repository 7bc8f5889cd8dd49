// Scores of TinyZero's verl/utils/reward_score/countdown.py; more rows are in
// tests/golden/verifiers.

#include "tasks/countdown/tinyzero_scorer.h"

#include <doctest/doctest.h>

#include <string>

using namespace tinyzero::countdown;

TEST_SUITE_BEGIN("tasks/countdown/tinyzero_scorer");

namespace {

TinyZeroScore score(const std::string& completion, const std::string& framing = "base") {
  return tinyzero_score(completion, {3, 5, 2}, 13, framing);
}
TinyZeroScore score_answer(const std::string& answer) {
  return score("<answer>" + answer + "</answer>");
}

}  // namespace

TEST_CASE("the last answer pair on the last line is judged") {
  CHECK(score("<answer>3*5-2</answer>") == TinyZeroScore::correct);
  CHECK(score("<answer>1</answer> no, <answer>3*5-2</answer>") == TinyZeroScore::correct);
  CHECK(score("<answer>3*5-2</answer>\n") == TinyZeroScore::no_answer);
  CHECK(score("first\n<answer>3*5-2</answer>") == TinyZeroScore::correct);
  CHECK(score("3*5-2") == TinyZeroScore::no_answer);
  CHECK(score("") == TinyZeroScore::no_answer);
}

TEST_CASE("numbers are the runs of digits, each given one exactly once") {
  CHECK(score_answer("3*5-02") == TinyZeroScore::format);  // Python refuses leading zeros
  CHECK(score_answer("3*5") == TinyZeroScore::format);
  CHECK(score_answer("3*5-2+2-2") == TinyZeroScore::format);
  CHECK(score_answer("35-22") == TinyZeroScore::format);
}

TEST_CASE("the value is Python's") {
  struct Case {
    const char* answer;
    TinyZeroScore score;
  };
  const Case cases[] = {
      {"5*3-2", TinyZeroScore::correct},
      {" ( 5 * 3 ) - 2 ", TinyZeroScore::correct},
      {"--5*3-2", TinyZeroScore::correct},
      {"5*3//1-2", TinyZeroScore::format},  // 1 is not given
      {"5*3-+2", TinyZeroScore::correct},
      {"5*3-2.", TinyZeroScore::correct},  // a float within the tolerance
      {"2+5+3", TinyZeroScore::format},
      {"5(3)-2", TinyZeroScore::format},
      {"5*(3-2", TinyZeroScore::format},
      {"5/(3-3)*2", TinyZeroScore::format},
      {"5*3-2)", TinyZeroScore::format},
      {"", TinyZeroScore::format},
      {"5*3-2 # yes", TinyZeroScore::format},
      {"5*3-2=13", TinyZeroScore::format},
  };
  for (const Case& c : cases) {
    CAPTURE(c.answer);
    CHECK(score_answer(c.answer) == c.score);
  }
  CHECK(tinyzero_score("<answer>2**5//3</answer>", {2, 5, 3}, 10, "base") ==
        TinyZeroScore::correct);
  CHECK(tinyzero_score("<answer>-2**2</answer>", {2, 2}, -4, "base") == TinyZeroScore::correct);
  CHECK(tinyzero_score("<answer>2**-1</answer>", {2, 1}, 0, "base") == TinyZeroScore::format);
}

TEST_CASE("what would take Python long, or break it, is a wrong value at once") {
  CHECK(tinyzero_score("<answer>9**9**9</answer>", {9, 9, 9}, 1, "base") == TinyZeroScore::format);
  const std::string deep = std::string(5000, '(') + "3*5-2" + std::string(5000, ')');
  CHECK(score_answer(deep) == TinyZeroScore::format);
  CHECK(score_answer(std::string(100000, '-') + "3*5-2") == TinyZeroScore::format);
}

TEST_CASE("the framing decides where the search begins") {
  const std::string answer = "<answer>3*5-2</answer>";
  CHECK(score(answer, "qwen") == TinyZeroScore::correct);
  CHECK(score(answer, "other") == TinyZeroScore::no_answer);
  CHECK(score("<|im_start|>assistant " + answer, "other") == TinyZeroScore::correct);
  CHECK(score(answer + " Assistant: none", "other") == TinyZeroScore::no_answer);
}
