#include "core/task/settings.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "tinyzero/task_abi.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/task/settings");

namespace {

TaskParam param(std::uint32_t type, const char* name, const char* fallback,
                std::uint32_t max_count = 1) {
  TaskParam out;
  out.type = type;
  out.max_count = max_count;
  out.name = name;
  out.doc = std::string("what ") + name + " is";
  out.fallback = fallback;
  out.low = -10;
  out.high = 10;
  return out;
}

TaskAbout about_with(std::vector<TaskParam> params) {
  TaskAbout about;
  about.id = "test";
  about.params = std::move(params);
  return about;
}

}  // namespace

TEST_CASE("each type of a task's settings starts with its default, in the order of the table") {
  const TaskSettings settings(about_with({
      param(TZ_INTEGER, "count", "-3"),
      param(TZ_REAL, "rate", "0.25"),
      param(TZ_BOOLEAN, "on", "true"),
      param(TZ_TEXT, "mode", "\"+-\""),
      param(TZ_INTEGER, "range", "[1, 2]", 2),
      param(TZ_REAL, "limits", "[0.5]", 3),
      param(TZ_TEXT, "files", "[a, b]", 4),
  }));
  const auto values = settings.values();
  REQUIRE(values.size() == 7);
  CHECK(values[0].integers == std::vector<std::int64_t>{-3});
  CHECK(values[1].reals == std::vector<double>{0.25});
  CHECK(values[2].integers == std::vector<std::int64_t>{1});
  CHECK(values[3].texts == std::vector<std::string>{"+-"});
  CHECK(values[4].integers == std::vector<std::int64_t>{1, 2});
  CHECK(values[5].reals == std::vector<double>{0.5});
  CHECK(values[6].texts == std::vector<std::string>{"a", "b"});
}

TEST_CASE("rows carry limits, choices, conditions and the default's own words") {
  TaskParam count = param(TZ_INTEGER, "count", "3");
  TaskParam mode = param(TZ_TEXT, "mode", "plain");
  mode.choices = {"plain", "other"};
  mode.needs_name = "count";
  mode.needs_value = "3";
  mode.is_path = true;
  const TaskSettings settings(about_with({count, mode}));
  const Setting& row = settings.table().rows()[0];
  CHECK(row.low == -10);
  CHECK(row.high == 10);
  CHECK(row.doc == "what count is");
  const Setting& other = *settings.table().find("mode");
  CHECK(other.choices == mode.choices);
  CHECK(other.needs_name == "count");
  CHECK(other.fallback == "plain");
  CHECK(other.is_path);
}

TEST_CASE("a value that is assigned is the one that the task gets") {
  const TaskSettings settings(about_with({param(TZ_INTEGER, "count", "3")}));
  settings.table().rows()[0].assign({.integers = {7}, .reals = {}, .texts = {}});
  CHECK(settings.values()[0].integers == std::vector<std::int64_t>{7});
}

TEST_CASE("a default that is no value of its setting names the task") {
  CHECK_THROWS_WITH_AS(TaskSettings(about_with({param(TZ_INTEGER, "count", "many")})),
                       doctest::Contains("default of task test"), Error);
}
