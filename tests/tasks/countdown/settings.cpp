#include "tasks/countdown/settings.h"

#include <doctest/doctest.h>

#include <functional>
#include <set>
#include <stdexcept>

using namespace tinyzero;

TEST_SUITE_BEGIN("tasks/countdown/settings");

using CountdownSettings = countdown::Settings;

TEST_CASE("a level fills in numbers, largest and target, and 0 leaves them") {
  CountdownSettings custom;
  custom.numbers = {5};
  custom.target = {7, 8};
  CHECK(custom.resolved().numbers == std::vector<std::int64_t>{5});
  CHECK(custom.resolved().target == std::vector<std::int64_t>{7, 8});
  custom.level = 6;
  const CountdownSettings hardest = custom.resolved();
  CHECK(hardest.numbers == std::vector<std::int64_t>{5, 6});
  CHECK(hardest.largest == 99);
  CHECK(hardest.target == std::vector<std::int64_t>{100, 999});
  CHECK(hardest.smallest == custom.smallest);
}

TEST_CASE("levels grow harder") {
  std::size_t numbers = 0;
  for (int level = 1; level <= 6; ++level) {
    CountdownSettings settings;
    settings.level = level;
    const CountdownSettings resolved = settings.resolved();
    CHECK(resolved.numbers.back() >= static_cast<std::int64_t>(numbers));
    numbers = resolved.numbers.back();
  }
}

TEST_CASE("settings that contradict each other are refused with both values") {
  struct Case {
    std::function<void(CountdownSettings&)> change;
    const char* words;
  };
  const Case cases[] = {
      {[](auto& s) { s.operators = ""; }, "operators is \"\"; it must be made of + - * /"},
      {[](auto& s) { s.operators = "+^"; }, "operators is \"+^\"; it must be made of + - * /"},
      {[](auto& s) { s.operators = "+-+"; }, "operators is \"+-+\"; it names + twice"},
      {[](auto& s) { s.smallest = 100; }, "smallest 100 is above largest 99"},
      {[](auto& s) { s.numbers = {4, 3}; },
       "a range [4, 3] runs downwards; write the lowest first"},
      {[](auto& s) { s.target = {9, 8}; }, "a range [9, 8] runs downwards; write the lowest first"},
      {[](auto& s) { s.demonstrations.attempts = {2, 1}; },
       "a range [2, 1] runs downwards; write the lowest first"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.words);
    CountdownSettings settings;
    c.change(settings);
    CHECK_THROWS_WITH_AS(settings.resolved(), c.words, std::invalid_argument);
  }
}

TEST_CASE("the table has each setting once, with a doc, and those of a level depend on it") {
  CountdownSettings settings;
  SettingsTable table;
  settings.describe(table);
  std::set<std::string> names;
  for (const Setting& row : table.rows()) {
    CAPTURE(row.name);
    CHECK(names.insert(row.name).second);
    CHECK_FALSE(row.doc.empty());
  }
  for (const char* name : {"numbers", "smallest", "largest", "target"}) {
    REQUIRE(table.find(name) != nullptr);
    CHECK(table.find(name)->needs_name == "level");
    CHECK(table.find(name)->needs_value == "0");
  }
  CHECK(names.count("demo_luck") == 1);
}
