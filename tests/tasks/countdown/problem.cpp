#include "tasks/countdown/problem.h"

#include <doctest/doctest.h>

using namespace tinyzero;
using namespace tinyzero::countdown;

TEST_SUITE_BEGIN("tasks/countdown/problem");

TEST_CASE("an item's state reads back as its problem") {
  const Item item = item_of({25, 3, 7}, 46, "short");
  CHECK(item.prompt == "25 3 7 -> 46");
  CHECK(item.key == "3,7,25=46");
  CHECK(item.state == "{\"numbers\":[25,3,7],\"target\":46}");
  const Problem problem(item.state);
  CHECK(problem.numbers == std::vector<std::int64_t>{25, 3, 7});
  CHECK(problem.target == 46);
}

TEST_CASE("the order of the numbers changes the prompt and not the key") {
  CHECK(item_of({2, 1}, 3, "short", "numbers").key == "1,2\x1f=3");
  const Item a = item_of({1, 2}, 3, "short"), b = item_of({2, 1}, 3, "short");
  CHECK(a.prompt != b.prompt);
  CHECK(a.key == b.key);
}

TEST_CASE("the wordings name the numbers and the target") {
  CHECK(item_of({3, 7}, 21, "long").prompt ==
        "Combine the numbers 3, 7 with + - * / and parentheses, each number exactly once, into an "
        "expression that equals 21. Think first, then write the expression between <answer> and "
        "</answer>.");
  CHECK(item_of({3, 7}, 21, "tinyzero")
            .prompt.starts_with("Using the numbers [3, 7], create an equation that equals 21. "));
}

TEST_CASE("states that hold no problem are refused") {
  for (const char* state : {"{}", "{\"numbers\":[3]}", "{\"numbers\":[],\"target\":1}",
                            "{\"numbers\":[3,-1],\"target\":1}", "{\"numbers\":3,\"target\":1}",
                            "{\"numbers\":[3],\"target\":\"1\"}", "null"}) {
    CAPTURE(state);
    CHECK_THROWS_AS(Problem{state}, BadState);
  }
  std::string many = "1";
  for (int i = 1; i < 64; ++i) many += ",1";
  CHECK(Problem("{\"numbers\":[" + many + "],\"target\":1}").numbers.size() == 64);
  CHECK_THROWS_WITH_AS(Problem("{\"numbers\":[" + many + ",1],\"target\":1}"),
                       "\"numbers\" must hold 1 to 64 integers", BadState);
}
