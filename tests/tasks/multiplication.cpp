// Multiplication's problems, demonstrations and verdicts, through the plugin as the host loads it.

#include <doctest/doctest.h>

#include <set>

#include "core/base/error.h"
#include "support/task.h"
#include "tinyzero/answer.h"
#include "tinyzero/expression.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("tasks/multiplication");

namespace {

std::string product_state(const std::string& a, const std::string& b) {
  return "{\"a\":" + a + ",\"op\":\"*\",\"b\":" + b + "}";
}

}  // namespace

TEST_CASE("products are exact up to factors of 18 digits, and say why not") {
  const Task task = open_task("multiplication");
  struct Case {
    const char *a, *b, *answer, *reason;
  };
  const Case cases[] = {
      {"12", "34", "408", "correct"},
      {"-12", "34", "-408", "correct"},
      {"0", "-34", "0", "correct"},
      {"0", "-34", "-0", "right value, wrong form"},
      {"12", "34", "0408", "not a number"},
      {"12", "34", "+408", "not a number"},
      {"12", "34", "12*34", "not a number"},
      {"12", "34", "816/2", "right value, wrong form"},
      {"12", "34", "815/2", "wrong value"},
      {"12", "34", "407", "wrong value"},
      {"12", "34", " ", "blank answer"},
      {"999999999999999999", "999999999999999999", "999999999999999998000000000000000001",
       "correct"},
      {"999999999999999999", "-999999999999999999", "-999999999999999998000000000000000001",
       "correct"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.a);
    CAPTURE(c.answer);
    const Verdict verdict =
        judge(task, product_state(c.a, c.b), "<answer>" + std::string(c.answer) + "</answer>");
    CHECK(task.reason(verdict) == c.reason);
    CHECK(task.is_right(verdict) == (std::string(c.reason) == "correct"));
  }
  CHECK(judge(task, "{\"a\":1,\"op\":\"+\",\"b\":2}", "<answer>3</answer>").outcome ==
        Outcome::error);
}

TEST_CASE("factors have the digits that settings and levels say") {
  struct Case {
    const char* settings;
    std::size_t fewest, most;
    double hardest;
  };
  const Case cases[] = {{"{digits: 3}", 3, 3, 9}, {"{digits: [1, 4]}", 1, 4, 16},
                        {"{level: 1}", 1, 1, 1},  {"{level: 4}", 2, 3, 6},
                        {"{level: 6}", 4, 4, 16}, {"{digits: 9, wording: long}", 9, 9, 81}};
  for (const Case& c : cases) {
    CAPTURE(c.settings);
    const Task task = open_task("multiplication", c.settings);
    double hardest = 0;
    for (const Item& item : draw_first(task, 1, 300)) {
      const std::size_t times = item.key.find('*');
      const std::string a = item.key.substr(0, times), b = item.key.substr(times + 1);
      CHECK(std::min(a.size(), b.size()) >= c.fewest);
      CHECK(std::max(a.size(), b.size()) <= c.most);
      CHECK(std::stoll(a) <= std::stoll(b));
      CHECK(item.prompt.find(a) != std::string::npos);
      hardest = std::max(hardest, item.difficulty);
      CHECK(task.is_right(judge(task, item.state, *task.solve(item.state))));
    }
    CHECK(hardest == c.hardest);
  }
  CHECK_THROWS_WITH_AS(open_task("multiplication", "{level: 2, digits: 3}"),
                       doctest::Contains("digits has no effect"), Error);
}

TEST_CASE(
    "demonstrations are right without slips, and consistent with themselves where they slip") {
  const Task careful = open_task("multiplication", "{digits: [1, 9], demo_slip: 0}"),
             human = open_task("multiplication", "{digits: 3, demo_slip: 0.1}");
  for (const Item& item : draw_first(careful, 2, 300)) {
    const std::string trace = careful.demonstrate(item.state, 1, item.index);
    CAPTURE(trace);
    CHECK(careful.is_right(judge(careful, item.state, trace)));
    for (std::size_t at = 0, end = 0; (end = trace.find('=', at)) != std::string::npos;) {
      const std::size_t next = trace.find_first_of(",<", end);
      CHECK(to_string(Expression(trace.substr(at, end - at)).value()) ==
            trace.substr(end + 1, next - end - 1));
      at = next + 1;
    }
  }
  CHECK(careful.demonstrate(product_state("34", "12"), 1, 1) ==
        "34*10=340,34*2=68,340+68=408<answer>408</answer>");
  CHECK(careful.demonstrate(product_state("305", "40"), 1, 1) ==
        "305*40=12200<answer>12200</answer>");
  CHECK(careful.demonstrate(product_state("305", "0"), 1, 1) == "305*0=0<answer>0</answer>");
  int right = 0;
  for (const Item& item : draw_first(human, 2, 300)) {
    const std::string trace = human.demonstrate(item.state, 1, item.index);
    right += human.is_right(judge(human, item.state, trace)) ? 1 : 0;
    const std::size_t last = trace.rfind('=');
    CHECK(trace.substr(last + 1, trace.find('<') - last - 1) == *find_answer(trace));
  }
  CHECK(right > 100);  // five results, each right with 0.9: 0.59
  CHECK(right < 250);
}
