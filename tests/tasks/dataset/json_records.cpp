// Rows from JSON lines and arrays.

#include "tasks/dataset/json_records.h"

#include <doctest/doctest.h>

#include "support/records.h"

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/json_records");

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  return rows_of([&](const TakeRecord& take) { read_json_lines(text, take); });
}
std::vector<std::string> elements_of(const std::string& text) {
  return rows_of([&](const TakeRecord& take) { read_json_array(text, take); });
}

}  // namespace

TEST_CASE("what is nested has dotted names, and numbers keep their digits") {
  CHECK(
      lines_of("{\"q\": \"a\\nb\", \"n\": 0.10, \"big\": 123456789012345678901234567890,"
               "\"r\": {\"t\": \"42\", \"l\": [1, {\"x\": true}]}, \"null\": null, \"e\": []}\n") ==
      std::vector<std::string>{
          "q=a\nb|n=0.10|big=123456789012345678901234567890|r.t=42|r.l.0=1|r.l.1.x=true"});
}

TEST_CASE("blank lines are left out, and a line that is no object is a fault of its own") {
  const auto rows = lines_of("{\"a\":1}\r\n\n[1]\n\"x\"\n{\"a\":\n{\"a\":2}{\n{}\n{\"a\":3}");
  REQUIRE(rows.size() == 7);
  CHECK(rows[0] == "a=1");
  CHECK(rows[1] == "fault: it is a list, not an object");
  CHECK(rows[2] == "fault: it is not an object");
  CHECK(rows[3].starts_with("fault: it is not JSON: "));
  CHECK(rows[4].starts_with("fault: it is not JSON: "));
  CHECK(rows[5] == "");
  CHECK(rows[6] == "a=3");
}

TEST_CASE("rows know their lines") {
  std::vector<std::int64_t> lines;
  read_json_lines("\n{}\n\n{}", [&](const Record& record) {
    lines.push_back(record.line);
    return true;
  });
  CHECK(lines == std::vector<std::int64_t>{2, 4});
}

TEST_CASE("an array of objects has a row for each, up to a fault") {
  CHECK(elements_of("[{\"a\": 1},\n {\"a\": {\"b\": [2]}}]") ==
        std::vector<std::string>{"a=1", "a.b.0=2"});
  CHECK(elements_of("[{\"a\": 1}, 2]") ==
        std::vector<std::string>{"a=1", "fault: it is not an object"});
  const auto cut = elements_of("[{\"a\": 1}, {\"a\"");
  REQUIRE(cut.size() == 2);
  CHECK(cut[1].starts_with("fault: it is not JSON"));
  CHECK(elements_of("[]").empty());
}

TEST_CASE("nesting and size of a row are bounded, and no more rows are read than are wanted") {
  CHECK(lines_of("{\"a\":" + std::string(100000, '[') + "}") ==
        std::vector<std::string>{"fault: it is nested too deeply"});
  std::string wide = "{\"a\":[1";
  for (int i = 0; i < 5000; ++i) wide += ",1";
  CHECK(lines_of(wide + "]}") == std::vector<std::string>{"fault: it has too many values"});
  CHECK(lines_of("{\"a\":\"\xFF\"}").front().starts_with("fault: it is not JSON"));
  int rows = 0;
  read_json_array("[{}, {}, {}", [&](const Record&) { return ++rows < 2; });
  CHECK(rows == 2);
}
