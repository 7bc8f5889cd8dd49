// Countdown's problems, solutions, demonstrations and verdicts, through the plugin as the host
// loads it.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <sstream>

#include "core/base/error.h"
#include "core/base/json.h"
#include "support/task.h"
#include "tinyzero/answer.h"
#include "tinyzero/expression.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("tasks/countdown");

namespace {

struct State {
  std::vector<std::int64_t> numbers;
  std::int64_t target;
};

State read_state(const std::string& text) {
  const Json json = parse_json(text, "state");
  return {json["numbers"], json["target"]};
}

}  // namespace

TEST_CASE("TinyZero's sentence is the one of its data (examples/data_preprocess/countdown.py)") {
  const std::string prompt =
      draw_first(open_countdown("{wording: tinyzero, numbers: 3, largest: 9}"), 1, 1)
          .front()
          .prompt;
  CHECK(prompt.starts_with("Using the numbers ["));
  CHECK(prompt.find("], create an equation that equals ") != std::string::npos);
  CHECK(
      prompt.ends_with(". You can use basic arithmetic operations (+, -, *, /) and each number can "
                       "only be used once. Show your work in "
                       "<think> </think> tags. "
                       "And return the final answer in <answer> </answer> tags, for example "
                       "<answer> (1 + 2) / 3 </answer>."));
}

TEST_CASE("verdicts say why") {
  const Task task = open_countdown();
  const std::string state = "{\"numbers\":[3,5,5],\"target\":8}";
  struct Case {
    const char* completion;
    const char* reason;
    Outcome outcome;
    double reward;
  };
  const Case cases[] = {
      {"<answer>3+5</answer>", "wrong numbers", Outcome::scored, 0.1},
      {"<answer>3+5*5/5</answer>", "wrong numbers", Outcome::scored, 0.1},
      {"<answer>3*5-5</answer>", "wrong value", Outcome::scored, 0.1},
      {"<answer>3/(5-5)</answer>", "division by zero", Outcome::scored, 0.1},
      {"<answer>3+5,5</answer>", "not an expression", Outcome::unparsable, 0.1},
      {"<answer> </answer>", "blank answer", Outcome::unparsable, 0.0},
      {"3+5", "no answer", Outcome::unparsable, 0.0},
      {"", "no answer", Outcome::unparsable, 0.0},
  };
  for (const Case& c : cases) {
    CAPTURE(c.completion);
    const Verdict verdict = judge(task, state, c.completion);
    CHECK(task.reason(verdict) == c.reason);
    CHECK(verdict.outcome == c.outcome);
    CHECK(verdict.reward == c.reward);
    CHECK_FALSE(task.is_right(verdict));
    CHECK(verdict.parts[0] == 0);
    CHECK(verdict.parts[1] == (c.reward > 0 ? 1 : 0));
  }
  const Verdict right = judge(task, "{\"numbers\":[3,5],\"target\":8}", "<answer>5 + 3</answer>");
  CHECK(task.is_right(right));
  CHECK(task.reason(right) == "correct");
  const std::string long_answer = "<answer>" + std::string(5000, '(') + "</answer>";
  CHECK(task.reason(judge(task, state, long_answer)) == "too long");
  const std::string deep_answer =
      "<answer>" + std::string(200, '(') + "1" + std::string(200, ')') + "</answer>";
  CHECK(task.reason(judge(task, state, deep_answer)) == "too deep");
}

TEST_CASE("values too large to be exact are an abstention, and no drawn problem has them") {
  const Task task = open_countdown();
  std::string numbers, answer;
  for (int i = 0; i < 9; ++i) {
    numbers += (i > 0 ? "," : "") + std::string("99999999999999");
    answer += (i > 0 ? "*" : "") + std::string("99999999999999");
  }
  const Verdict verdict = judge(task, "{\"numbers\":[" + numbers + "],\"target\":1}",
                                "<answer>" + answer + "</answer>");
  CHECK(verdict.outcome == Outcome::abstain);
  CHECK_FALSE(is_usable(verdict.outcome));
}

TEST_CASE("only right answers are rewarded where format_reward is 0") {
  const Task task = open_countdown("{format_reward: 0}");
  CHECK(judge(task, "{\"numbers\":[3,5],\"target\":8}", "<answer>3-5</answer>").reward == 0);
  CHECK(judge(task, "{\"numbers\":[3,5],\"target\":8}", "<answer>3+5</answer>").reward == 1);
}

TEST_CASE("drawn problems keep to their settings, and solve answers each") {
  for (const char* settings :
       {"{numbers: 3, largest: 9, target: [1, 100], targets: values, difficulty: luck}", "{}",
        "{numbers: [2, 6], largest: 20, operators: \"+-\", wording: long}"}) {
    const Task task = open_countdown(settings);
    std::set<std::string> seen;
    for (const Item& item : draw_first(task, 3, 150)) {
      CAPTURE(item.state);
      const State state = read_state(item.state);
      CHECK(state.target <= 100);
      CHECK(item.difficulty >= 0);
      for (const auto number : state.numbers)
        CHECK(item.prompt.find(std::to_string(number)) != std::string::npos);
      CHECK(item.prompt.find(std::to_string(state.target)) != std::string::npos);
      auto sorted = state.numbers;
      std::sort(sorted.begin(), sorted.end());
      std::string key;
      for (const auto number : sorted) key += (key.empty() ? "" : ",") + std::to_string(number);
      CHECK(item.key == key + "=" + std::to_string(state.target));
      if (state.numbers.size() > 5) continue;  // solving six takes a while
      const auto solution = task.solve(item.state);
      REQUIRE(solution);
      CHECK(task.is_right(judge(task, item.state, *solution)));
      seen.insert(item.key);
    }
    CHECK(seen.size() > 100);
  }
}

TEST_CASE("solve knows what cannot be solved") {
  const Task task = open_countdown();
  CHECK_FALSE(task.solve("{\"numbers\":[1,1],\"target\":50}"));
  CHECK(task.solve("{\"numbers\":[3,3,8,8],\"target\":24}") == "<answer>8/(3-8/3)</answer>");
  CHECK_THROWS_WITH_AS(task.solve("{\"numbers\":[1,2,3,4,5,6,7],\"target\":1}"),
                       doctest::Contains("at most 6"), Error);
}

TEST_CASE("difficulty counts numbers, operators that are needed, or the luck of a blind guess") {
  const Task numbers = open_countdown(), operators = open_countdown("{difficulty: operators}"),
             luck = open_countdown("{difficulty: luck}");
  const auto by_numbers = draw_first(numbers, 1, 60), by_operators = draw_first(operators, 1, 60),
             by_luck = draw_first(luck, 1, 60);
  for (std::size_t i = 0; i < 60; ++i) {
    CAPTURE(by_numbers[i].state);
    CHECK(by_operators[i].state == by_numbers[i].state);
    CHECK(by_luck[i].state == by_numbers[i].state);
    const State state = read_state(by_numbers[i].state);
    CHECK(by_numbers[i].difficulty == state.numbers.size());
    // Solved with every choice of so many operators, and with none of fewer.
    double needed = 5;
    for (unsigned set = 1; set < 16; ++set) {
      std::string allowed;
      for (unsigned op = 0; op < 4; ++op)
        allowed += (set >> op & 1) != 0 ? std::string(1, "+-*/"[op]) : "";
      if (static_cast<double>(allowed.size()) < needed &&
          open_countdown("{operators: \"" + allowed + "\"}").solve(by_numbers[i].state))
        needed = static_cast<double>(allowed.size());
    }
    CHECK(by_operators[i].difficulty == needed);
    CHECK(by_luck[i].difficulty >= 0);
    CHECK(by_luck[i].difficulty <= 11.93);  // log2(3888): one way of all
  }
}

TEST_CASE("luck counts derivations") {
  const Task task =
      open_countdown("{numbers: 2, smallest: 3, largest: 5, target: [8, 8], difficulty: luck}");
  for (const Item& item : draw_first(task, 1, 20)) {
    CHECK((item.key == "3,5=8" || item.key == "4,4=8"));
    CHECK(item.difficulty ==
          doctest::Approx(std::log2(6.0)));  // 3+5 of 3+5, 3-5, 5-3, 3*5, 3/5, 5/3; 4+4 likewise
  }
}

TEST_CASE("levels are ready difficulties, and refuse what they set") {
  struct Case {
    int level;
    std::size_t fewest, most;
    std::int64_t largest, target;
  };
  for (const Case& c : {Case{1, 2, 2, 9, 100},
                        {2, 3, 3, 9, 100},
                        {3, 3, 3, 99, 100},
                        {4, 3, 4, 99, 100},
                        {5, 4, 4, 99, 100},
                        {6, 5, 6, 99, 999}}) {
    CAPTURE(c.level);
    const Task task = open_countdown("{level: " + std::to_string(c.level) + "}");
    std::set<std::size_t> counts;
    for (const Item& item : draw_first(task, 5, 200)) {
      const State state = read_state(item.state);
      counts.insert(state.numbers.size());
      CHECK(*std::max_element(state.numbers.begin(), state.numbers.end()) <= c.largest);
      CHECK(state.target <= c.target);
    }
    CHECK(*counts.begin() == c.fewest);
    CHECK(*counts.rbegin() == c.most);
  }
  CHECK_THROWS_WITH_AS(open_countdown("{level: 2, numbers: 3}"), doctest::Contains("numbers"),
                       Error);
  CHECK_THROWS_WITH_AS(open_countdown("{operators: \"+-+\"}"), doctest::Contains("names + twice"),
                       Error);
}

// Both ways of choosing a target, at the ends of what settings allow: products of six numbers below
// 1,000 need 60 bits.
TEST_CASE("targets by any way can be reached") {
  for (const char* settings :
       {"{numbers: 4, targets: values}", "{numbers: [3, 4], largest: 999, target: [0, 1000000]}",
        "{numbers: 4, smallest: 0, largest: 3, operators: \"/-\", target: [0, 20]}"}) {
    CAPTURE(settings);
    const Task task = open_countdown(settings);
    for (const Item& item : draw_first(task, 2, 60)) CHECK(task.solve(item.state));
  }
  for (const Item& item : draw_first(
           open_countdown("{numbers: 6, smallest: 900, largest: 999, target: [100, 1000000]}"), 2,
           10))
    CHECK(read_state(item.state).target >= 100);
}

TEST_CASE("numbers that nothing combines are refused, not searched for ever") {
  const Task task = open_countdown("{operators: \"/\", smallest: 0}");
  CHECK_THROWS_WITH_AS(task.demonstrate("{\"numbers\":[0,5,0],\"target\":0}", 1, 1),
                       doctest::Contains("cannot be combined with /"), Error);
}

TEST_CASE("demonstrations are honest: sums, what is left, and claims are right; some fail") {
  const Task task =
      open_countdown("{numbers: 3, largest: 9, target: [1, 100], demo_attempts: [1, 8]}");
  int right = 0;
  for (const Item& item : draw_first(task, 1, 400)) {
    const State state = read_state(item.state);
    const std::string trace = task.demonstrate(item.state, 9, item.index);
    CAPTURE(item.prompt);
    CAPTURE(trace);
    CHECK(trace == task.demonstrate(item.state, 9, item.index));
    right += task.is_right(judge(task, item.state, trace)) ? 1 : 0;
    std::int64_t value = -1;
    std::string line;
    std::vector<std::int64_t>
        left = state.numbers,
        after_first;  // values that are left; and after the first step of the last full attempt
    for (const char c : trace.substr(0, trace.find("<answer>"))) {
      if (c != ',' && c != '?' && c != '!') {
        line += c;
        continue;
      }
      const std::size_t equals = line.find('=');
      REQUIRE(equals != std::string::npos);
      const std::vector<std::int64_t> operands = Expression(line.substr(0, equals)).integers();
      // An attempt that ends with its first line goes on from where the last one was after its
      // first.
      if (c != ',' && left.size() == 3) left = after_first;
      for (const std::int64_t operand : operands) {
        const auto found = std::find(left.begin(), left.end(), operand);
        REQUIRE(found != left.end());
        left.erase(found);
      }
      std::istringstream written(line.substr(equals + 1));
      const std::vector<std::int64_t> values{std::istream_iterator<std::int64_t>(written), {}};
      REQUIRE(values.size() == left.size() + 1);
      CHECK(Expression(line.substr(0, equals)).value() == Rational(values[0]));
      CHECK(std::is_permutation(left.begin(), left.end(), values.begin() + 1));
      left.push_back(values[0]);
      line.clear();
      if (c == ',') {
        after_first = left;
        continue;
      }
      value = values[0];
      CHECK((c == '!') == (value == state.target));
      left = state.numbers;
    }
    const Expression answer(*find_answer(trace));
    CHECK(answer.value() == Rational(value));
  }
  CHECK(right > 100);
  CHECK(right < 380);
}

TEST_CASE("attempts that aim end with the step that comes nearest to the target") {
  const Task task = open_countdown("{level: 4, demo_attempts: [1, 8], demo_luck: 0, demo_aim: 1}");
  int right = 0, ends = 0;
  for (const Item& item : draw_first(task, 1, 300)) {
    const std::int64_t target = read_state(item.state).target;
    const std::string trace = task.demonstrate(item.state, 9, item.index);
    CAPTURE(item.prompt);
    CAPTURE(trace);
    right += task.is_right(judge(task, item.state, trace)) ? 1 : 0;
    std::string line;
    for (const char c : trace.substr(0, trace.find("<answer>"))) {
      if (c == '?' || c == '!') {
        const std::size_t equals = line.find('=');
        const std::vector<std::int64_t> two = Expression(line.substr(0, equals)).integers();
        REQUIRE(two.size() == 2);
        const std::int64_t a = std::max(two[0], two[1]), b = std::min(two[0], two[1]),
                           value = std::stoll(line.substr(equals + 1));
        for (const std::int64_t other :
             {a + b, a - b, a * b, b != 0 && a % b == 0 ? a / b : value}) {
          if (other <= 99) CHECK(std::abs(value - target) <= std::abs(other - target));
        }
        ++ends;
      }
      if (c == ',' || c == '?' || c == '!') line.clear();
      else line += c;
    }
  }
  CHECK(ends > 600);
  CHECK(right > 150);  // of 300: in eight attempts at most, without any luck
}
