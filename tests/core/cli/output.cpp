#include "core/cli/output.h"

#include <doctest/doctest.h>

#include <system_error>

#include "support/command.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/output");

namespace {

std::string printed(const std::function<void()>& work) {
  return capture([&] {
           work();
           return 0;
         })
      .out;
}

}  // namespace

TEST_CASE("text for people has no control characters, whoever wrote it") {
  CHECK(printed([] { print("{}\t{}\n", "a\x1b[31m", "b\u202E\xff"); }) == "a?[31m\tb??\n");
  CHECK(capture([] {
          print(stderr, "{}\n", "\x07");
          return 0;
        }).err == "?\n");
}

TEST_CASE("JSON is the same value for a machine, with escapes for what is not printable") {
  const Json value = {{"a", "x\u202Ey\u007F"}, {"b", {1, 2.5}}, {"c", "\U000E0001"}, {"d", "é"}};
  const std::string line = printed([&] { print_json(value); });
  CHECK(line ==
        "{\"a\":\"x\\u202ey\\u007f\",\"b\":[1,2.5],\"c\":\"\\udb40\\udc01\",\"d\":\"é\"}\n");
  CHECK(parse_json(line, "line") == value);
}

TEST_CASE("failures of standard output are told from other errors") {
  CHECK(is_output_failure(OutputFailure()));
  CHECK_FALSE(is_output_failure(std::runtime_error("other")));
  CHECK_FALSE(is_output_failure(std::system_error(std::make_error_code(std::errc::io_error))));
  CHECK(output_problem().empty());
  CHECK(capture([] { return end_output(3); }).code == 3);
}
