// Rows that are alike.

#include "tasks/dataset/likeness.h"

#include <doctest/doctest.h>

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/likeness");

namespace {

Row row(std::string key, std::string answer, std::int64_t line, bool is_test = false) {
  Row out;
  out.key = std::move(key);
  out.answers = {std::move(answer)};
  out.line = line;
  out.is_test = is_test;
  return out;
}

using Notes = std::vector<std::string>;

}  // namespace

TEST_CASE("no problem of the test is trained on") {
  std::vector<Row> rows = {row("a", "1", 1), row("b", "1", 2), row("a", "1", 1, true)};
  Notes notes;
  drop_tested(rows, notes);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].key == "b");
  CHECK(notes == Notes{"1 row of `file` left out: the same problems are in `test_file`"});
}

TEST_CASE("a problem with two answers is told") {
  Notes notes;
  note_contradictions({row("a", "1", 1), row("a", "1", 2), row("b", "1", 3)}, notes);
  CHECK(notes.empty());
  note_contradictions({row("a", "1", 1), row("a", "2", 2), row("a", "3", 3)}, notes);
  CHECK(notes ==
        Notes{"2 rows with the problem of another row and a different answer: lines 1 and 2, …"});
}

TEST_CASE("problems of one wording are counted, equal ones are not") {
  Notes notes;
  note_near_duplicates({row("has 1 cat", "1", 1), row("has 1 cat", "1", 2), row("a dog", "2", 3)},
                       false, notes);
  CHECK(notes.empty());
  note_near_duplicates({row("Has 1 cat", "1", 1), row("has 22 cat", "1", 2), row("a dog", "2", 3)},
                       false, notes);
  CHECK(notes == Notes{"2 of 3 problems differ from another in digits, case or white space alone; "
                       "hold_out: wordings keeps such problems in one split"});
}

TEST_CASE("with a file of test problems, those that lie on both sides are counted") {
  Notes notes;
  note_near_duplicates({row("a 1", "1", 1), row("a 2", "1", 2), row("b", "2", 3, true)}, true,
                       notes);
  CHECK(notes.empty());
  note_near_duplicates({row("a 1", "1", 1), row("a 2", "1", 2, true)}, true, notes);
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].find("some to train on from some to test with") != std::string::npos);
}
