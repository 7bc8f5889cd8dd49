// Rows from comma-separated values.

#include "tasks/dataset/csv_records.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "support/records.h"

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/csv_records");

namespace {

std::vector<std::string> cells_of(const std::string& text, char separator = ',') {
  return rows_of([&](const TakeRecord& take) { read_csv(text, separator, take); });
}

}  // namespace

TEST_CASE("quotes, separators and line ends are read as RFC 4180 says") {
  CHECK(cells_of("q,a\r\n\"one, \"\"two\"\"\nthree\",4\r\n\n5 ,\"\"\n6\"x,7") ==
        std::vector<std::string>{"q=one, \"two\"\nthree|a=4", "q=5 ", "q=6\"x|a=7"});
  CHECK(cells_of("q\ta\nx,y\tz\n", '\t') == std::vector<std::string>{"q=x,y|a=z"});
  CHECK(cells_of("q,a").empty());
}

TEST_CASE("a row with another number of cells, or that is not UTF-8, is a fault of its own") {
  CHECK(cells_of("q,a\n1\n1,2,3\n\xFF,1\n1,2\n") ==
        std::vector<std::string>{"fault: it has 1 cells, and there are 2 columns",
                                 "fault: it has 3 cells, and there are 2 columns",
                                 "fault: it is not UTF-8", "q=1|a=2"});
}

TEST_CASE("behind a broken quote nothing more is read") {
  CHECK(cells_of("q,a\n1,2\n\"3,4\n5,6\n") ==
        std::vector<std::string>{"q=1|a=2", "fault: a quote is not closed"});
  CHECK(cells_of("q,a\n\"1\"x,2\n3,4\n") ==
        std::vector<std::string>{"fault: text follows the closing quote of a cell"});
}

TEST_CASE("rows know the line that they begin in") {
  std::vector<std::int64_t> lines;
  read_csv("q\n\"1\n2\"\n\n3\n", ',', [&](const Record& record) {
    lines.push_back(record.line);
    return true;
  });
  CHECK(lines == std::vector<std::int64_t>{2, 5});
}

TEST_CASE("the first row must name the columns") {
  for (const auto& [text, what] :
       {std::pair("", "is empty"), std::pair("q,\n1,2", "does not name column 2"),
        std::pair("q,q\n1,2", "has two columns \"q\""),
        std::pair("\"q\n1", "a quote is not closed")}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(cells_of(text), doctest::Contains(what), std::invalid_argument);
  }
}
