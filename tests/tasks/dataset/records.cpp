// The format of a data file.

#include "tasks/dataset/records.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "support/records.h"

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/records");

namespace {

std::vector<std::string> read(const std::string& path, const std::string& content) {
  return rows_of([&](const TakeRecord& take) { read_records(path, content, take); });
}

}  // namespace

TEST_CASE("content decides between lines and arrays of JSON, the name on CSV") {
  const std::vector<std::string> one = {"a=1"};
  CHECK(read("x.jsonl", "{\"a\":1}") == one);
  CHECK(read("x.json", " [{\"a\":1}]") == one);
  CHECK(read("x", "{\"a\":1}") == one);
  CHECK(read("x.csv", "a\n1\n") == one);
  CHECK(read("d.e/x.csv.gz", "a\n1\n") == one);
  CHECK(read("x.tsv.zst", "a\n1\n") == one);
  CHECK(read("x.jsonl", "a").front().starts_with("fault: it is not JSON"));
}

TEST_CASE("other formats are refused by name") {
  CHECK_THROWS_WITH_AS(read("x.txt", "hello"), "x.txt is neither JSON lines nor .csv or .tsv",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(read("x.txt", " "), "x.txt is empty", std::invalid_argument);
  CHECK_THROWS_WITH_AS(read("x.csv", "a,a\n"), doctest::Contains("x.csv has two columns"),
                       std::invalid_argument);
}

TEST_CASE("a place names the file and the line or element") {
  Record record;
  record.line = 7;
  CHECK(place_of("x.csv", record) == "x.csv, line 7");
  record.is_in_array = true;
  CHECK(place_of("x.json", record) == "x.json, element 7");
}
