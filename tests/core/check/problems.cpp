// The checks of problems, on tasks where they pass, warn and skip.

#include <doctest/doctest.h>

#include "support/checked.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/check/problems");

TEST_CASE("draws of a good task are the same in every way to ask for them") {
  const CheckResult result = check_draws(faulty("none"));
  CHECK(result.grade == Grade::pass);
  CHECK(result.detail.find("200 problems are the same twice") == 0);
}

TEST_CASE("few different problems are a warning") {
  const CheckResult few = check_keys(built_in("multiplication", "{digits: 1}"));
  CHECK(few.grade == Grade::warn);
  CHECK(few.detail.find("55 different keys") != std::string::npos);  // 10 * 11 / 2
  CHECK(check_keys(built_in("multiplication", "{digits: 4}")).grade == Grade::pass);
}

TEST_CASE("splits share no key") {
  const CheckResult result = check_splits(faulty("none"));
  CHECK(result.grade == Grade::pass);
  CHECK(result.detail.find("none shared") != std::string::npos);
}

TEST_CASE("solutions earn the full reward") {
  const CheckResult result = check_solutions(built_in("arithmetic"));
  CHECK(result.grade == Grade::pass);
  CHECK(result.detail == "200 of 200 problems have a solution, and each earns the full reward");
}

TEST_CASE("demonstrations are checked where there are any") {
  const CheckResult some = check_demonstrations(built_in("arithmetic"));
  CHECK(some.grade == Grade::pass);
  CHECK(some.detail.find(" % of the demonstrations end in a right answer") != std::string::npos);
  CHECK(check_demonstrations(faulty("none")).grade == Grade::skip);
}

TEST_CASE("a seed whose problems are those of the next one, a place on, is found") {
  CHECK(check_streams(faulty("none")).grade == Grade::pass);
  CHECK(fault_of(check_streams, faulty("adds")) ==
        "seed 2 draws the problems of seed 1, 1 places on: 100 % of them are the same");
  CHECK(check_streams(built_in("multiplication", "{digits: 1}")).grade == Grade::pass);
  CHECK(check_streams(built_in("countdown", "{numbers: 2, smallest: 5, largest: 5}")).grade ==
        Grade::skip);
}

TEST_CASE("test problems of a wording that is trained on are a warning, but not in a template") {
  const std::string file =
      "{file: " TINYZERO_SOURCE "/tests/data/word_problems.jsonl, grade: number";
  const CheckResult near = check_wordings(built_in("dataset", file + "}"));
  CHECK(near.grade == Grade::warn);
  CHECK(near.detail.find(" of 47 test problems differ from one in training in digits, case or "
                         "white space alone") != std::string::npos);
  CHECK(check_wordings(built_in("dataset", file + ", hold_out: wordings}")).grade == Grade::pass);
  const CheckResult all = check_wordings(built_in("multiplication", "{digits: 3}"));
  CHECK(all.grade == Grade::pass);
  CHECK(all.detail.find("they are made from templates") != std::string::npos);
}
