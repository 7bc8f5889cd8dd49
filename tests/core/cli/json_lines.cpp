#include "core/cli/json_lines.h"

#include <doctest/doctest.h>

#include "support/command.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/json_lines");

namespace {

// Answers {"n": 3} with {"n": 6}.
CommandResult double_lines(const std::string& input) {
  return capture(
      [] {
        return answer_json_lines([](const JsonLine& line) {
          return Json{{"n", 2 * required_field<std::int64_t>(line.object, "n", line.where())}};
        });
      },
      input);
}

}  // namespace

TEST_CASE("each line has its answer, in order; blank lines have none; the last needs no end") {
  const CommandResult r = double_lines("{\"n\":1}\n\n  \t\r\n{\"n\":2}");
  CHECK(r.code == 0);
  CHECK(r.out == "{\"n\":2}\n{\"n\":4}\n");
  CHECK(r.err.empty());
  CHECK(double_lines("").out.empty());
}

TEST_CASE("a line that cannot be used costs itself alone") {
  const CommandResult r = double_lines("{\"n\":1}\n\n[1]\n{\"n\":\"x\"}\n{}\n{\n{\"n\":5}\n");
  CHECK(r.code == 2);
  CHECK(r.out.starts_with(
      "{\"n\":2}\n"
      "{\"error\":\"line 3 of standard input is not a JSON object\",\"line\":3}\n"
      "{\"error\":\"line 4 of standard input: \\\"n\\\" has the wrong type\",\"line\":4}\n"
      "{\"error\":\"line 5 of standard input has no \\\"n\\\"\",\"line\":5}\n"));
  CHECK(r.out.ends_with("{\"n\":10}\n"));
  CHECK(r.err ==
        "error: 4 of 7 lines were refused; the first: line 3 of standard input is not a JSON "
        "object\n");
}

TEST_CASE("many lines come in groups that fit into memory") {
  std::string input;
  for (int i = 0; i < 1000; ++i) input += "{\"n\":1}\n";
  std::vector<std::size_t> sizes;
  capture(
      [&] {
        JsonLines lines;
        for (auto some = lines.next(); !some.empty(); some = lines.next())
          sizes.push_back(some.size());
        return lines.finish();
      },
      input);
  CHECK(sizes == std::vector<std::size_t>{256, 256, 256, 232});
}

TEST_CASE("a failure of the work ends the command") {
  CHECK_THROWS_AS(capture(
                      [] {
                        return answer_json_lines([](const JsonLine&) -> Json {
                          throw Failure("the task's process ended");
                        });
                      },
                      "{}\n"),
                  Failure);
}
