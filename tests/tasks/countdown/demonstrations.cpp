#include "tasks/countdown/demonstrations.h"

#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "tinyzero/answer.h"
#include "tinyzero/expression.h"
#include "tinyzero/state.h"

using namespace tinyzero;
using namespace tinyzero::countdown;

TEST_SUITE_BEGIN("tasks/countdown/demonstrations");

namespace {

std::string write(const Demonstrations& demonstrations, const std::vector<std::int64_t>& numbers,
                  std::int64_t target, std::uint64_t index, const std::string& operators = "+-*/") {
  Rng rng(3, {index});
  return demonstrations.write(numbers, target, operators, rng);
}

// The text before the answer, cut after each "?" and "!".
std::vector<std::string> attempts_of(const std::string& trace) {
  std::vector<std::string> out(1);
  for (const char c : trace.substr(0, trace.find("<answer>"))) {
    out.back() += c;
    if (c == '?' || c == '!') out.emplace_back();
  }
  out.pop_back();
  return out;
}

// The attempts of a trace, each with the first steps that it shares with the one before it.
std::vector<std::string> whole_attempts_of(const std::string& trace) {
  std::vector<std::string> out = attempts_of(trace);
  std::string start;
  for (std::string& attempt : out) {
    if (attempt.find(',') == std::string::npos) attempt = start + attempt;
    start = attempt.substr(0, attempt.find(',') + 1);
  }
  return out;
}

}  // namespace

TEST_CASE("a lucky attempt is a solution, and the last one") {
  Demonstrations demonstrations;
  demonstrations.luck = 1;
  for (std::uint64_t index = 0; index < 50; ++index) {
    const std::string trace = write(demonstrations, {3, 7, 9}, 20, index);
    CAPTURE(trace);
    CHECK(attempts_of(trace).size() == 1);
    CHECK(trace.find('!') != std::string::npos);
    CHECK(Expression(*find_answer(trace)).value() == Rational(20));
  }
}

TEST_CASE("attempts end with the first hit, or where patience ends") {
  Demonstrations demonstrations;
  demonstrations.luck = 0;
  demonstrations.attempts = {2, 5};
  std::set<std::size_t> counts;
  for (std::uint64_t index = 0; index < 300; ++index) {
    const std::string trace = write(demonstrations, {3, 7, 9}, 1000, index);  // cannot be reached
    CAPTURE(trace);
    CHECK(trace.find('!') == std::string::npos);
    counts.insert(attempts_of(trace).size());
  }
  CHECK(counts == std::set<std::size_t>{2, 3, 4, 5});
}

TEST_CASE("with patience below 1 every miss is as likely to be the last") {
  Demonstrations demonstrations;
  demonstrations.luck = 0;
  demonstrations.attempts = {20, 20};
  demonstrations.patience = 0.4;
  std::vector<double> reached(21);  // how many traces made an attempt of this number
  for (std::uint64_t index = 0; index < 4000; ++index) {
    const std::string trace = write(demonstrations, {3, 7, 9}, 1000, index);  // cannot be reached
    for (std::size_t i = 0; i < attempts_of(trace).size(); ++i) reached[i] += 1;
  }
  for (int i = 0; i < 3; ++i)
    CHECK(reached[i + 1] / reached[i] == doctest::Approx(0.4).epsilon(0.15));
  demonstrations.patience = 0;
  CHECK(attempts_of(write(demonstrations, {3, 7, 9}, 1000, 1)).size() == 1);
}

TEST_CASE("no attempt is made twice where there are others") {
  Demonstrations demonstrations;
  demonstrations.luck = demonstrations.stay = 0;
  demonstrations.attempts = {6, 6};
  for (std::uint64_t index = 0; index < 100; ++index) {
    const auto attempts = attempts_of(write(demonstrations, {3, 7, 9}, 1000, index));
    CHECK(std::set<std::string>(attempts.begin(), attempts.end()).size() == 6);
  }
}

TEST_CASE("a search that persists makes each attempt once, and ends with the last of them") {
  Demonstrations demonstrations;
  demonstrations.attempts = {1, 64};
  demonstrations.patience = 0;
  demonstrations.persistent = 1;
  demonstrations.luck = 1;  // which it ignores
  demonstrations.stay = 0;
  std::set<std::string> first;
  for (std::uint64_t index = 0; index < 20; ++index) {
    const auto attempts = whole_attempts_of(write(demonstrations, {2, 3, 5}, 1000, index));
    const std::set<std::string> different(attempts.begin(), attempts.end());
    CHECK(different.size() == attempts.size());
    if (index == 0) first = different;
    CHECK(different == first);  // all that may be shown, whatever their order
  }
  CHECK(first.size() > 20);
  const auto hit = attempts_of(write(demonstrations, {2, 3, 5}, 30, 1));
  CHECK(hit.back().back() == '!');
  CHECK(hit.size() > 1);
}

TEST_CASE("a share of the searches persists") {
  Demonstrations demonstrations;
  demonstrations.attempts = {1, 8};
  demonstrations.patience = demonstrations.luck = 0;
  demonstrations.persistent = 0.25;
  int persistent = 0;
  for (std::uint64_t index = 0; index < 2000; ++index) {
    const auto attempts = attempts_of(write(demonstrations, {3, 7, 9}, 1000, index));
    CHECK((attempts.size() == 1 || attempts.size() == 8));
    persistent += attempts.size() == 8 ? 1 : 0;
  }
  CHECK(persistent / 2000.0 == doctest::Approx(0.25).epsilon(0.15));
}

TEST_CASE("values that are shown are integers from 0 to the largest") {
  Demonstrations demonstrations;
  demonstrations.attempts = {4, 4};
  demonstrations.largest = 30;
  for (std::uint64_t index = 0; index < 200; ++index) {
    const std::string trace = write(demonstrations, {9, 8, 7}, 24, index);
    CAPTURE(trace);
    std::istringstream text(trace.substr(0, trace.find("<answer>")));
    for (char c; text.get(c);) {
      if (c != '=') continue;
      std::int64_t value = -1;
      text >> value;
      CHECK(value >= 0);
      CHECK(value <= 30);
    }
    CHECK(trace.substr(0, trace.find("<answer>")).find("=-") == std::string::npos);
  }
}

TEST_CASE("an attempt that stays does not repeat the steps that it shares") {
  Demonstrations demonstrations;
  demonstrations.luck = 0;
  demonstrations.stay = 1;
  demonstrations.attempts = {4, 4};
  int shortened = 0;
  for (std::uint64_t index = 0; index < 100; ++index) {
    for (const std::string& attempt : attempts_of(write(demonstrations, {3, 7, 9}, 1000, index)))
      shortened += attempt.find(',') == std::string::npos ? 1 : 0;
  }
  CHECK(shortened > 150);
}

TEST_CASE("a trace is a function of its stream") {
  const Demonstrations demonstrations;
  CHECK(write(demonstrations, {3, 7, 9}, 20, 1) == write(demonstrations, {3, 7, 9}, 20, 1));
  std::set<std::string> traces;
  for (std::uint64_t index = 0; index < 50; ++index)
    traces.insert(write(demonstrations, {3, 7, 9}, 20, index));
  CHECK(traces.size() > 25);
}

TEST_CASE("numbers that no operator combines are refused") {
  const Demonstrations demonstrations;
  CHECK_THROWS_WITH_AS(write(demonstrations, {0, 5, 0}, 0, 1, "/"),
                       "these numbers cannot be combined with /", BadState);
}
