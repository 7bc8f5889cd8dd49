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
