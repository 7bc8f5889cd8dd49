// What Countdown counts in completions: worked cases, demonstrations, and bounds on hostile ones.

#include "tasks/countdown/traits.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "tasks/countdown/demonstrations.h"
#include "tinyzero/answer.h"

using namespace tinyzero;
using namespace tinyzero::countdown;

TEST_SUITE_BEGIN("tasks/countdown/traits");

namespace {

Problem problem_of(const std::string& numbers, std::int64_t target) {
  return Problem("{\"numbers\":[" + numbers + "],\"target\":" + std::to_string(target) + "}");
}

using Named = std::map<std::string, double>;

// All traits by name; -1 for those that do not apply.
Named traits_of(const Problem& problem, const std::string& completion) {
  const auto row = count_traits(problem, completion);
  Named out;
  for (std::size_t i = 0; i < row.size(); ++i)
    out[kTraits[i].name] = std::isnan(row[i]) ? -1 : row[i];
  return out;
}

// Those traits that are named in `wanted`.
Named some_of(const Problem& problem, const std::string& completion, const Named& wanted) {
  Named all = traits_of(problem, completion);
  std::erase_if(all, [&](const auto& trait) { return wanted.count(trait.first) == 0; });
  return all;
}

#define CHECK_TRAITS(problem, completion, ...)            \
  do {                                                    \
    const Named wanted = __VA_ARGS__;                     \
    const std::string text = completion;                  \
    CAPTURE(text);                                        \
    const Named counted = some_of(problem, text, wanted); \
    for (const auto& [name, value] : wanted) {            \
      CAPTURE(name);                                      \
      CHECK(counted.at(name) == doctest::Approx(value));  \
    }                                                     \
  } while (false)

}  // namespace

TEST_CASE("a search with a miss, a backtrack and a hit") {
  CHECK_TRAITS(problem_of("9,7,3", 5), "9-7=2 3,2*3=6?2+3=5!<answer>9-7+3</answer>",
               {{"attempts", 2},
                {"new_attempts", 2},
                {"repeats", 0},
                {"right_first", 0},
                {"after_miss", 1},
                {"right_after_miss", 1},
                {"backtracks", 1},
                {"steps", 3},
                {"slips", 0},
                {"strays", 0},
                {"claims", 1},
                {"true_claims", 1},
                {"gave_up", 0},
                {"nearest", 0}});
}

TEST_CASE("a completion without attempts") {
  CHECK_TRAITS(problem_of("9,7,3", 5), "I do not know.<answer>9-7+3</answer>",
               {{"attempts", 0},
                {"new_attempts", 0},
                {"repeats", -1},
                {"right_first", -1},
                {"after_miss", 0},
                {"right_after_miss", -1},
                {"backtracks", 0},
                {"steps", 0},
                {"slips", -1},
                {"strays", -1},
                {"claims", 0},
                {"true_claims", -1},
                {"gave_up", -1},
                {"nearest", -1}});
}

TEST_CASE("attempts are the same if only sums and products are turned around") {
  const Problem problem = problem_of("9,7,3", 50);
  CHECK_TRAITS(problem, "9+7=16 3,16*3=48?7+9=16 3,3*16=48?7*9=63 3,63-3=60?",
               {{"attempts", 3}, {"new_attempts", 2}, {"repeats", 1.0 / 3}, {"nearest", 2}});
  CHECK_TRAITS(problem, "9-7=2 3,2*3=6?7-9=-2 3,-2*3=-6?",
               {{"attempts", 2}, {"new_attempts", 2}, {"nearest", 44}});
}

TEST_CASE("giving up, and false claims") {
  const Problem problem = problem_of("9,7,3", 5);
  CHECK_TRAITS(problem, "9-7=2 3,2*3=6?<answer>(9-7)*3</answer>",
               {{"gave_up", 1}, {"claims", 0}, {"nearest", 1}, {"right_first", 0}});
  CHECK_TRAITS(problem, "9-7=2 3,2*3=5!<answer>(9-7)*3</answer>",
               {{"gave_up", 0}, {"claims", 1}, {"true_claims", 0}, {"slips", 0.5}});
  CHECK_TRAITS(problem, "9-7=2 3,2*3=6?", {{"gave_up", -1}});  // cut: no answer
}

TEST_CASE("what is said to be unequal is no claim") {
  CHECK_TRAITS(problem_of("9,7,3", 5), "9-7=2 != 5, 2+3=5",
               {{"claims", 0}, {"attempts", 1}, {"right_first", 1}});
}

TEST_CASE("a slip is carried on, and what an attempt hits is computed anew") {
  // 9-7 is 2 and not 3; the attempt is (9-7)+3 = 5 all the same.
  CHECK_TRAITS(
      problem_of("9,7,3", 5), "9-7=3 3,3+3=6?<answer>9-7+3</answer>",
      {{"attempts", 1}, {"right_first", 1}, {"slips", 0.5}, {"strays", 0}, {"nearest", 0}});
}

TEST_CASE("values that are not there are strays") {
  const Problem problem = problem_of("9,7,3", 5);
  CHECK_TRAITS(problem, "8-6=2 3,2*3=6?",
               {{"steps", 2}, {"strays", 1}, {"attempts", 1}, {"nearest", -1}, {"right_first", 0}});
  CHECK_TRAITS(problem, "8-6=2?8-6=2?", {{"attempts", 2}, {"new_attempts", 1}});
  CHECK_TRAITS(problem, "9-9=0 3,0*3=0?", {{"strays", 1}});  // only one 9
  CHECK_TRAITS(problem, "9/0=1 3,9-7=2 3,2+3=5!",
               {{"slips", 1.0 / 3}, {"strays", 0}, {"right_first", 1}});
}

TEST_CASE("equations of something else between two attempts are no attempt") {
  CHECK_TRAITS(problem_of("9,7,3", 5), "9-7=2 3,2*3=6? As 50+50=100, I go on: 2+3=5!",
               {{"attempts", 2}, {"strays", 0.25}, {"backtracks", 1}, {"right_after_miss", 1}});
}

TEST_CASE("an attempt ends at a mark, when one value is left, or when the search goes back") {
  const Problem problem = problem_of("1,2,3,4", 24);
  CHECK_TRAITS(problem, "1+2=3 3 4?3*4=12 1 2?", {{"attempts", 2}, {"right_first", 0}});
  CHECK_TRAITS(problem, "1+2=3 3 4,3+4=7 3,4*3=12 1 2,12*2=24 1,24*1=24!",
               {{"attempts", 2}, {"right_first", 0}, {"right_after_miss", 1}, {"backtracks", 0}});
  CHECK_TRAITS(problem, "1+2=3 3 4,3+3=6 4,6*4=24! so it is",
               {{"attempts", 1}, {"right_first", 1}, {"claims", 1}});
  CHECK_TRAITS(problem, "1+2=3 3 4,3+3=6", {{"attempts", 0}});  // cut
}

TEST_CASE("a search that goes on after a mark from the same values goes back to them") {
  CHECK_TRAITS(problem_of("1,2,3,4", 24), "1+2=3 3 4,3+3=6 4?6*4=24!",
               {{"attempts", 2}, {"backtracks", 1}, {"right_after_miss", 1}});
}

TEST_CASE("the values that are listed behind a step say where it goes on") {
  // 8-5 could go on from 5 and 8 (after 5*1), or begin anew.
  const Problem problem = problem_of("5,1,8", 3);
  CHECK_TRAITS(problem, "5*1=5 8,5*8=40?8-5=3 1,3*1=3!", {{"backtracks", 0}, {"attempts", 2}});
  CHECK_TRAITS(problem, "5*1=5 8,5*8=40?8-5=3!", {{"backtracks", 1}, {"attempts", 2}});
}

TEST_CASE("fractions and negative values go through") {
  CHECK_TRAITS(problem_of("3,2,4", 6), "3/2=3/2 4,3/2*4=6!",
               {{"right_first", 1}, {"strays", 0}, {"slips", 0}});
  CHECK_TRAITS(problem_of("7,9,5", 3), "7-9=-2 5,-2+5=3!", {{"right_first", 1}, {"strays", 0}});
}

TEST_CASE("words and whole expressions count, too") {
  CHECK_TRAITS(problem_of("9,7,3", 6),
               "Let me try: 9 + 7 = 16, and 16 - 3 = 13. No. (9 - 7) * 3 = 6. Yes!\n"
               "<answer>(9-7)*3</answer>",
               {{"attempts", 2},
                {"right_first", 0},
                {"right_after_miss", 1},
                {"steps", 3},
                {"claims", 0},
                {"gave_up", 0}});
}

TEST_CASE("other signs of operations count, too") {
  CHECK_TRAITS(problem_of("9,7,3", 6), "9 \u2212 7 = 2, so 2 \u00D7 3 = 6!",
               {{"attempts", 1}, {"right_first", 1}, {"steps", 2}, {"strays", 0}});
}

TEST_CASE("more attempts after a hit are no attempts after a miss") {
  CHECK_TRAITS(problem_of("9,7,3", 5), "9-7=2 3,2+3=5!9*7=63 3,63*3=189?",
               {{"attempts", 2}, {"right_first", 1}, {"after_miss", 0}, {"right_after_miss", -1}});
}

TEST_CASE(
    "demonstrations have no slips, strays, repeats or false claims, and persist as they say") {
  Demonstrations rule;
  rule.attempts = {1, 24};
  rule.largest = 30;
  Rng rng(7);
  double backtracks = 0;
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::int64_t> numbers;
    for (int n = 0; n < 3; ++n) numbers.push_back(rng.between(1, 9));
    const std::int64_t target = rng.between(1, 30);
    const std::string text = rule.write(numbers, target, "+-*/", rng);
    const Problem problem =
        problem_of(std::to_string(numbers[0]) + "," + std::to_string(numbers[1]) + "," +
                       std::to_string(numbers[2]),
                   target);
    CAPTURE(text);
    const Named t = traits_of(problem, text);
    CHECK(t.at("slips") == 0);
    CHECK(t.at("strays") == 0);
    CHECK(std::fabs(t.at("true_claims")) == 1);  // 1, or no claim
    const auto marks = std::ranges::count_if(text, [](char c) { return c == '?' || c == '!'; });
    CHECK(t.at("attempts") == marks);
    CHECK((t.at("nearest") == 0) == (t.at("claims") == 1));
    backtracks += t.at("backtracks");
  }
  CHECK(backtracks > 1000);
}

TEST_CASE("a megabyte of equations, and problems of 64 numbers, are counted soon") {
  std::string many;
  while (many.size() < 1 << 20) many += "1+1=2 ";
  std::string numbers = "1";
  for (int i = 1; i < 64; ++i) numbers += ",1";
  CHECK(traits_of(problem_of(numbers, 5), many).at("steps") > 100000);
  CHECK(traits_of(problem_of("1,1,1", 5), std::string(1 << 20, '=')).at("steps") == 0);
  CHECK(traits_of(problem_of("1,1,1", 5), std::string(1 << 20, '(') + "1+1=2").at("steps") == 1);
}
