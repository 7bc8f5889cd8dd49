#include "core/base/error.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/error");

TEST_CASE("a place is a file with line and column, or the command line") {
  CHECK(Place{"a.yaml", 3, 5}.text() == "a.yaml:3:5");
  CHECK(Place{"command line", 0, 0}.text() == "command line");
  CHECK(Place{}.text().empty());
}

TEST_CASE("an error begins with its place, if it has one") {
  const Error at(Place{"a.yaml", 3, 5}, "it is wrong", "do this");
  CHECK(std::string(at.what()) == "a.yaml:3:5: it is wrong");
  CHECK(at.hint() == "do this");
  CHECK(at.place().line == 3);
  const Error nowhere(Place{}, "it is wrong");
  CHECK(std::string(nowhere.what()) == "it is wrong");
  CHECK(nowhere.hint().empty());
  CHECK(nowhere.place().source.empty());
}

TEST_CASE("several errors are one, which looks like the first") {
  const Errors all({Error("first", "hint"), Error("second")});
  CHECK(std::string(all.what()) == "first");
  CHECK(all.hint() == "hint");
  CHECK(all.all().size() == 2);
  Mistakes mistakes;
  mistakes.add(all);
  mistakes.add(Error("third"));
  try {
    mistakes.refuse();
    FAIL("not thrown");
  } catch (const Errors& e) {
    CHECK(e.all().size() == 3);  // each of them, not a group in a group
  }
}

TEST_CASE("several mistakes are told in the order of files and lines, each once") {
  Mistakes mistakes;
  mistakes.add(Error(Place{"command line", 0, 0}, "third"));
  mistakes.add(Error(Place{"a.yaml", 9, 1}, "second"));
  mistakes.add(Error(Place{"a.yaml", 2, 7}, "first"));
  mistakes.add(Error(Place{"a.yaml", 2, 7}, "first"));
  mistakes.collect([] { throw Error("fourth"); });
  CHECK_THROWS_AS(mistakes.collect([] { throw Failure("the disk is full"); }), Failure);
  std::string all;
  try {
    mistakes.refuse();
  } catch (const Errors& e) {
    for (const Error& one : e.all()) all += std::string(one.what()) + "\n";
    CHECK(std::string(e.what()) == "a.yaml:2:7: first");
  }
  CHECK(all == "a.yaml:2:7: first\na.yaml:9:1: second\ncommand line: third\nfourth\n");
  Mistakes one;
  one.add(Error("alone", "a hint"));
  try {
    one.refuse();
    FAIL("not thrown");
  } catch (const Error& e) {
    CHECK(dynamic_cast<const Errors*>(&e) == nullptr);
    CHECK(e.hint() == "a hint");
  }
  CHECK_NOTHROW(Mistakes().refuse());
}
