// The checks of rewards, on a good task and on faults that they must find.

#include <doctest/doctest.h>

#include "support/checked.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/check/rewards");

namespace {

bool says(const CheckResult& result, const char* what) {
  return result.detail.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("a good task passes") {
  for (const auto check :
       {check_cheats, check_constants, check_guesses, check_others, check_format})
    CHECK(check(faulty("none")).grade == Grade::pass);
}

TEST_CASE("answers that a guess gets right are a warning") {
  const CheckResult guessed = check_guesses(built_in("multiplication", "{digits: 3}"));
  CHECK(guessed.grade == Grade::pass);
  const CheckResult open = check_guesses(
      built_in("countdown", "{numbers: 2, smallest: 5, largest: 5, target: [10, 10]}"));
  CHECK(open.grade == Grade::warn);
  CHECK(open.detail.find("right in 100.0 %") != std::string::npos);
  CHECK(open.detail.find("a model can earn that without reading the problem") != std::string::npos);
}

TEST_CASE("a constant that is no answer, and one that always is, are found") {
  CHECK(fault_of(check_constants, faulty("pays_nan")) ==
        "\"nan\" earns the full reward in 100.0 % of the problems");
  CHECK(fault_of(check_constants, faulty("pays_any")) ==
        "\"0\" earns the full reward in 100.0 % of the problems");
  const CheckResult often =
      check_constants(built_in("arithmetic", "{digits: 1, operators: \"-\"}"));
  CHECK(often.grade == Grade::pass);
  CHECK(says(often, "33 constant answers") == false);
  CHECK(says(often, "19 constant answers in three forms; the best is "));
}

TEST_CASE("a verifier that pays for another problem's answer is found") {
  const std::string fault = fault_of(check_others, faulty("pays_any"));
  CHECK(fault.find(
            "of 200 answers to other problems that differ from the problem's own, 200 are right") ==
        0);
  CHECK(fault.find("the verifier does not look at the problem") != std::string::npos);
  const CheckResult few = check_others(
      built_in("countdown", "{numbers: 2, smallest: 5, largest: 5, target: [10, 10]}"));
  CHECK(few.grade == Grade::skip);
}

TEST_CASE("a high reward for form alone is a warning") {
  const CheckResult form = check_format(faulty("pays_form"));
  CHECK(form.grade == Grade::warn);
  CHECK(says(form, "a wrong answer in the right form earns up to 0.5 of 1"));
  const CheckResult little = check_format(built_in("multiplication"));
  CHECK(little.grade == Grade::pass);
  CHECK(says(little, "earns up to 0.1 of 1"));
}
