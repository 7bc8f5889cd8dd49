// Arithmetic's problems, demonstrations and verdicts, through the plugin as the host loads it.

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "core/base/error.h"
#include "core/base/json.h"
#include "support/task.h"
#include "tinyzero/answer.h"
#include "tinyzero/expression.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("tasks/arithmetic");

TEST_CASE("values are exact, and an answer is one number in its canonical form") {
  const Task task = open_task("arithmetic");
  struct Case {
    const char *state, *answer, *reason;
  };
  const Case cases[] = {
      {R"~({"a":7,"op":"+","b":5})~", "12", "correct"},
      {R"~({"a":7,"op":"-","b":-5})~", "12", "correct"},
      {R"~({"a":-7,"op":"*","b":5})~", "-35", "correct"},
      {R"~({"a":-7,"op":"/","b":2})~", "-7/2", "correct"},
      {R"~({"a":14,"op":"/","b":4})~", "7/2", "correct"},
      {R"~({"a":14,"op":"/","b":4})~", "14/4", "right value, wrong form"},
      {R"~({"a":14,"op":"/","b":4})~", "3.5", "not a number"},
      {R"~({"a":6,"op":"/","b":4})~", "6/4", "right value, wrong form"},
      {R"~({"a":6,"op":"/","b":4})~",
       "600000000000000000000000000000/400000000000000000000000000000", "right value, wrong form"},
      {R"~({"a":6,"op":"/","b":4})~",
       "600000000000000000000000000001/400000000000000000000000000000", "wrong value"},
      {R"~({"a":6,"op":"/","b":4})~", "-6/4", "wrong value"},
      {R"~({"a":-6,"op":"/","b":4})~", "-6/4", "right value, wrong form"},
      {R"~({"a":6,"op":"/","b":4})~", "4/6", "wrong value"},
      {R"~({"a":6,"op":"/","b":4})~", "3/0", "wrong value"},
      {R"~({"a":6,"op":"/","b":4})~", "06/4", "not a number"},
      {R"~({"a":14,"op":"/","b":2})~", "14/2", "right value, wrong form"},
      {R"~({"a":14,"op":"/","b":2})~", "7/1", "right value, wrong form"},
      {R"~({"expression":"3*(4+5)"})~", "27", "correct"},
      {R"~({"expression":"8/(3-8/3)"})~", "24", "correct"},
      {R"~({"expression":"8/(3-8/3)"})~", "23.999999999999989", "not a number"},
      {R"~({"expression":"3-10"})~", "-7", "correct"},
      {R"~({"expression":"3-10"})~",
       "\xE2\x88\x92"
       "7",
       "not a number"},
      {R"~({"expression":"3-3"})~", "-0", "right value, wrong form"},
      {R"~({"expression":"3-3"})~", "0/5", "right value, wrong form"},
      {R"~({"expression":"3-3"})~", "", "blank answer"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.state);
    CAPTURE(c.answer);
    const Verdict verdict = judge(task, c.state, "<answer>" + std::string(c.answer) + "</answer>");
    CHECK(task.reason(verdict) == c.reason);
    CHECK(task.is_right(verdict) == (std::string(c.reason) == "correct"));
  }
  for (const char* state : {R"~({"expression":"1/0"})~", R"~({"a":1,"op":"/","b":0})~",
                            R"~({"expression":"2**3"})~", R"~({"a":1,"op":"%","b":2})~", "{}"}) {
    CAPTURE(state);
    CHECK(judge(task, state, "<answer>1</answer>").outcome == Outcome::error);
  }
}

TEST_CASE("problems keep to their settings, and solve answers each") {
  struct Case {
    const char* settings;
    bool integers;
    std::size_t fewest, most;  // operations
  };
  const Case cases[] = {
      {"{}", true, 1, 1},
      {"{depth: 3, digits: 1}", true, 3, 7},
      {"{depth: [1, 2], digits: [1, 3], answers: rational}", false, 1, 3},
      {"{level: 6}", true, 3, 7},
      {"{operators: \"/\", depth: 2, answers: rational, wording: long}", false, 2, 3}};
  for (const Case& c : cases) {
    CAPTURE(c.settings);
    const Task task = open_task("arithmetic", c.settings);
    bool fractions = false;
    std::set<std::string> keys;
    for (const Item& item : draw_first(task, 1, 200)) {
      CAPTURE(item.state);
      const Json state = Json::parse(item.state);
      const std::string text =
          state.contains("expression")
              ? state["expression"].get<std::string>()
              : state["a"].dump() + state["op"].get<std::string>() + state["b"].dump();
      CHECK(item.prompt.find(text) != std::string::npos);
      std::size_t operations = 0;
      const Expression read(text,
                            [&](const Rational&, char, const Rational&, const Rational& result) {
                              ++operations;
                              fractions = fractions || !result.is_integer();
                            });
      CHECK(read.fault() == ExpressionFault::none);
      CHECK(operations >= c.fewest);
      CHECK(operations <= c.most);
      const auto solution = task.solve(item.state);
      CHECK(*solution == "<answer>" + to_string(read.value()) + "</answer>");
      CHECK(task.is_right(judge(task, item.state, *solution)));
      keys.insert(item.key);
    }
    CHECK(fractions != c.integers);
    CHECK(keys.size() > 100);
  }
  CHECK_THROWS_WITH_AS(
      draw_first(open_task("arithmetic", "{operators: \"/\", depth: 5, digits: 6}"), 1, 1),
      doctest::Contains("allow rational answers"), Error);
}

TEST_CASE("sums and products are the same problem in both orders, other operations are not") {
  const Task task = open_task("arithmetic", "{depth: 1, digits: 1}");
  std::map<std::string, std::set<std::string>> problems;  // by key
  for (const Item& item : draw_first(task, 1, 4000)) problems[item.key].insert(item.prompt);
  CHECK(problems["(3+4)"] == std::set<std::string>{"3+4", "4+3"});
  CHECK(problems["(3*4)"] == std::set<std::string>{"3*4", "4*3"});
  CHECK(problems["(3-4)"] == std::set<std::string>{"3-4"});
  CHECK(problems["(8/4)"] == std::set<std::string>{"8/4"});
  CHECK(problems.count("(4+3)") == 0);
}

TEST_CASE("demonstrations compute one operation at a time, and sometimes slip") {
  const Task careful = open_task("arithmetic", "{depth: [1, 3], demo_slip: 0}"),
             human = open_task("arithmetic", "{depth: 2, demo_slip: 0.2}");
  CHECK(careful.demonstrate(R"~({"expression":"3*(4+5)"})~", 1, 1) ==
        "4+5=9,3*9=27<answer>27</answer>");
  for (const Item& item : draw_first(careful, 2, 200))
    CHECK(careful.is_right(
        judge(careful, item.state, careful.demonstrate(item.state, 1, item.index))));
  int right = 0;
  for (const Item& item : draw_first(human, 2, 300))
    right += human.is_right(judge(human, item.state, human.demonstrate(item.state, 1, item.index)))
                 ? 1
                 : 0;
  CHECK(right > 100);
  CHECK(right < 270);
}
