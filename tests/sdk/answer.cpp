#include "tinyzero/answer.h"

#include <doctest/doctest.h>

#include <string>

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/answer");

TEST_CASE("the answer is the last closed pair, trimmed") {
  struct Case {
    const char* completion;
    const char* answer;  // null: none
  };
  const Case cases[] = {
      {"<answer>1+2</answer>", "1+2"},
      {"x <answer> 1+2\t\r\n</answer> y", "1+2"},
      {"<answer>1</answer> no <answer>2</answer>", "2"},
      {"<answer> <answer>3</answer>", "3"},
      {"<answer>\n3 +\n5\n</answer>\n", "3 +\n5"},
      {"<answer>1</answer></answer>", "1</answer>"},
      {"<answer></answer>", ""},
      {"<answer>1", nullptr},
      {"1</answer>", nullptr},
      {"</answer><answer>1", nullptr},
      {"<answer >1</answer >", nullptr},
      {"<ANSWER>1</ANSWER>", nullptr},
      {"", nullptr},
  };
  for (const Case& c : cases) {
    CAPTURE(c.completion);
    const auto found = find_answer(c.completion);
    REQUIRE(found.has_value() == (c.answer != nullptr));
    if (found) CHECK(*found == c.answer);
  }
}

TEST_CASE("a long completion costs what its length says") {
  std::string hostile;
  for (int i = 0; i < 100000; ++i) hostile += "<answer>";
  CHECK_FALSE(find_answer(hostile).has_value());
  hostile += "7</answer>";
  CHECK(*find_answer(hostile) == "7");
}

TEST_CASE("what stands before the answer") {
  CHECK(before_answer("a<answer>1</answer>b") == "a");
  CHECK(before_answer("a<answer>1</answer>b<answer>2</answer>c") == "a<answer>1</answer>b");
  CHECK(before_answer("a<answer>1</answer>b<answer>2") == "a");  // the pair that counts
  CHECK(before_answer("a<answer>1") == "a");
  CHECK(before_answer("a</answer>b<answer>") == "a</answer>b");
  CHECK(before_answer("abc") == "abc");
  CHECK(before_answer("").empty());
}
