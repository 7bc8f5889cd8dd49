#include <doctest/doctest.h>

#include "core/base/json.h"
#include "support/command.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/task_verify");

TEST_CASE("a verdict a line, in order; a line that cannot be judged has a row of its own") {
  const CommandResult r = run_command(
      add_task_verify, {"verify", "multiplication"},
      "{\"state\":{\"a\":3,\"op\":\"*\",\"b\":4},\"completion\":\"<answer>12</answer>\"}\n"
      "{\"completion\":\"12\"}\n"
      "{\"state\":{\"a\":3,\"op\":\"*\",\"b\":4},\"completion\":\"<answer>13</answer>\"}\n");
  CHECK(r.code == 2);
  std::vector<Json> rows;
  for (std::size_t at = 0; at < r.out.size();) {
    const std::size_t end = r.out.find('\n', at);
    rows.push_back(parse_json(r.out.substr(at, end - at), "verdicts"));
    at = end + 1;
  }
  REQUIRE(rows.size() == 3);
  CHECK(rows[0]["reward"] == 1.0);
  CHECK(rows[0]["outcome"] == "scored");
  CHECK(rows[0]["reason"] == "correct");
  CHECK(rows[0]["parts"].is_object());
  CHECK(rows[1]["outcome"] == "error");
  CHECK(rows[1]["line"] == 2);
  CHECK(rows[1]["reason"] == "line 2 of standard input has no \"state\"");
  CHECK(rows[2]["reward"] < 1.0);
  CHECK(r.err.find("1 of 3 lines was refused") != std::string::npos);
}
