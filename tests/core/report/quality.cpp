// The results of `task check` as a file.

#include "core/report/quality.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/report/quality");

namespace {

QualityReport example() {
  QualityReport report{.task = "sums", .version = "1.0.0", .library = "/tmp/<b>.so", .seed = 7};
  report.checks.push_back({.id = "data.keys", .name = "keys", .result = {Grade::pass, "fine"}});
  report.checks.push_back({.id = "reward.constants",
                           .name = "constants",
                           .result = {Grade::fail, "\"<script>alert(1)</script>\" earns"},
                           .remedy = "refuse it"});
  return report;
}

}  // namespace

TEST_CASE("for machines each check has id, result, evidence and remedy") {
  const Json json = quality_json(example());
  CHECK(json["task"] == "sums");
  CHECK(json["version"] == "1.0.0");
  REQUIRE(json["checks"].size() == 2);
  CHECK(json["checks"][0]["id"] == "data.keys");
  CHECK(json["checks"][0]["result"] == "pass");
  CHECK(json["checks"][0]["remedy"] == "");
  CHECK(json["checks"][1]["result"] == "fail");
  CHECK(json["checks"][1]["evidence"] == "\"<script>alert(1)</script>\" earns");
  CHECK(json["checks"][1]["remedy"] == "refuse it");
}

TEST_CASE("for people one page says the same, and no evidence becomes markup") {
  const std::string html = quality_html(example());
  for (const char* part :
       {"<h1>Checks of the task sums</h1>", "1 passed, 0 with a warning, 1 failed",
        "<code>reward.constants</code>", "refuse it", "&lt;script&gt;alert(1)&lt;/script&gt;",
        "/tmp/&lt;b&gt;.so"})
    CHECK(html.find(part) != std::string::npos);
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.find("http") == std::string::npos);
}
