#include "core/base/suggest.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/suggest");

TEST_CASE("the nearest name is found, and only if it is near") {
  const std::vector<std::string> known = {"learning_rate", "steps", "schedule", "updates"};
  CHECK(nearest_name("learnign_rate", known) == "learning_rate");
  CHECK(nearest_name("step", known) == "steps");
  CHECK(nearest_name("scheduel", known) == "schedule");
  CHECK(nearest_name("temperature", known).empty());
  CHECK(suggestion("stesp", known) == "did you mean \"steps\"?");
  CHECK(suggestion("xyz", known) == "known: learning_rate, steps, schedule, updates");
}

TEST_CASE("a swap of neighbours is one edit, and case does not count") {
  CHECK(nearest_name("AB", {"ba"}) == "ba");
  CHECK(nearest_name("STEPS", {"steps"}) == "steps");
  CHECK(nearest_name("ab", {"cd"}).empty());
  CHECK(nearest_name("a", {"b"}) == "b");  // one edit is always allowed
}

TEST_CASE("the limit is a third of the name's length, and the nearest name wins") {
  CHECK(nearest_name("abcdef", {"abcdxy"}) == "abcdxy");
  CHECK(nearest_name("abcdef", {"abcxyz"}).empty());
  CHECK(nearest_name("abcdef", {"abcdxy", "abcdex"}) == "abcdex");
  CHECK(nearest_name("abcdef", {"abcdex", "abcdey"}) == "abcdex");  // the first of equals
  CHECK(nearest_name(std::string(101, 'a'), {std::string(101, 'a')}).empty());
  CHECK(nearest_name("", {"a"}) == "a");
  CHECK(nearest_name("a", {}).empty());
  CHECK(suggestion("a", {}) == "nothing is known here");
}
