#include "core/cli/follower.h"

#include <doctest/doctest.h>

#include <fstream>

#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/follower");

namespace {

struct Fixture {
  using Lines = std::vector<std::string>;
  TemporaryFolder folder;
  fs::path path = folder / "log";
  Follower follower{path};

  void append(const std::string& text) const { std::ofstream(path, std::ios::app) << text; }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a line is there once its end is, and only once") {
  CHECK(follower.lines().empty());  // no file yet
  append("one\ntw");
  CHECK(follower.lines() == Lines{"one"});
  CHECK(follower.lines().empty());
  append("o\n\nthree\n");
  CHECK(follower.lines() == Lines{"two", "", "three"});
}

TEST_CASE_FIXTURE(Fixture, "a file that was cut is read from its new end on") {
  append("one\ntwo\nthr");
  CHECK(follower.lines() == Lines{"one", "two"});
  fs::resize_file(path, 4);
  CHECK(follower.lines().empty());
  append("second\n");
  CHECK(follower.lines() == Lines{"second"});
}

TEST_CASE_FIXTURE(Fixture, "lines longer than a read are whole") {
  const std::string line(200000, 'x');
  append(line + "\n");
  CHECK(follower.lines() == Lines{line});
}
