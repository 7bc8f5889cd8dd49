#include "core/cli/check_report.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "support/command.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/check_report");

namespace {

CheckResult graded(const std::string& name) {
  if (name == "bad") return {Grade::fail, "it fails"};
  if (name == "odd") return {Grade::warn, "it is odd"};
  return {Grade::pass, "fine"};
}

CommandResult report(CheckReportOptions options, const std::vector<std::string>& known) {
  options.library = "x.so";
  return capture([&] { return report_checks(options, known, graded); });
}

}  // namespace

TEST_CASE("a line for each check, then how many had which result") {
  const CommandResult r = report({.seed = 7}, {"good", "odd", "bad"});
  CHECK(r.code == 1);
  CHECK(r.out.starts_with("x.so · seed 7\n"));
  CHECK(r.out.find("good            fine\n") != std::string::npos);
  CHECK(r.out.ends_with("1 passed, 1 with a warning, 1 failed, 0 skipped\n"));
}

TEST_CASE("a warning is no failure, and only the checks that are named run") {
  const CommandResult r = report({.only = {"odd"}}, {"good", "odd", "bad"});
  CHECK(r.code == 0);
  CHECK(r.out.find("good") == std::string::npos);
}

TEST_CASE("for machines one object a check, and nothing else") {
  const CommandResult r = report({.seed = 2, .json = true}, {"bad"});
  const Json row = parse_json(r.out, "output");
  CHECK(row["check"] == "bad");
  CHECK(row["result"] == "fail");
  CHECK(row["detail"] == "it fails");
  CHECK(row["seed"] == 2);
  CHECK(row["seconds"] >= 0);
}

TEST_CASE("an unknown name is an error with the nearest one") {
  CHECK_NOTHROW(require_known({"good"}, {"good", "bad"}));
  CHECK_THROWS_WITH_AS(require_known({"god"}, {"good", "bad"}), "no check \"god\"", Error);
}
