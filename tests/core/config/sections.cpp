#include "core/config/sections.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/sections");

TEST_CASE("a budget says how many steps there will be") {
  TrainSettings t;
  t.steps = 1000;
  CHECK(t.budget_used(500, 3) == 0);
  CHECK(t.expected_steps(7, 0) == 1000);
  t.budget_tokens = 2000;
  CHECK(t.budget_used(500, 3) == 0.25);
  CHECK(t.expected_steps(7, 0.25) == 28);
  CHECK(t.expected_steps(7, 1.2) == 7);      // over
  CHECK(t.expected_steps(7, 1e-6) == 1000);  // train.steps comes first
  t.budget_tokens = 0;
  t.budget_seconds = 12;
  CHECK(t.budget_used(500, 3) == 0.25);
}

TEST_CASE("a budget's steps are known before the first one from what a step costs") {
  TrainSettings t;
  t.steps = 1000;
  CHECK(t.planned_steps({.tokens = 10, .seconds = 10}) == 1000);  // no budget
  t.budget_tokens = 2000;
  CHECK(t.planned_steps({.tokens = 10}) == 200);
  CHECK(t.planned_steps({.tokens = 15}) == 134);  // the last one uses up the budget
  CHECK(t.planned_steps({.tokens = 1}) == 1000);
  CHECK(t.planned_steps({.tokens = 0}) == 1000);
  CHECK(t.planned_steps({.tokens = 1e9}) == 1);
  t.budget_tokens = 0;
  t.budget_seconds = 10;
  CHECK(t.planned_steps({.tokens = 1e9, .seconds = 4}) == 3);
  CHECK(t.planned_steps({.seconds = 0}) == 1000);  // unknown
}

TEST_CASE("tables are in the order of a file, and their defaults are the structs' values") {
  Sections sections;
  sections.train.steps = 77;
  const std::vector<SectionTable> tables = section_tables(sections);
  std::string names;
  for (const SectionTable& section : tables) names += section.name + " ";
  CHECK(names == " model lora warm_start rollout curriculum train eval checkpoint preflight ");
  CHECK(tables[6].table.find("steps")->fallback == "77");
  tables[6].table.find("steps")->assign({.integers = {5}, .reals = {}, .texts = {}});
  CHECK(sections.train.steps == 5);
}

TEST_CASE("every setting has a default within its own limits, and a sentence about it") {
  Sections sections;
  std::set<std::string> names;
  for (const SectionTable& section : section_tables(sections)) {
    for (const Setting& s : section.table.rows()) {
      CAPTURE(section.name);
      CAPTURE(s.name);
      CHECK(names.insert(section.name + "." + s.name).second);
      CHECK(s.doc.size() > 10);
      CHECK_FALSE(s.doc.ends_with("."));
      const SettingValue value = s.value();
      for (const std::int64_t i : value.integers) {
        if (s.type() == SettingType::boolean) continue;
        CHECK(double(i) >= s.low);
        CHECK(double(i) <= s.high);
        CHECK(std::isfinite(s.high));
      }
      for (const double real : value.reals) {
        CHECK(real >= s.low);
        CHECK(real <= s.high);
      }
      for (const std::string& text : value.texts) {
        if (s.choices.empty()) continue;
        CHECK(std::find(s.choices.begin(), s.choices.end(), text) != s.choices.end());
      }
      // A setting that another one leaves without effect names a setting of its section.
      if (!s.idle_name.empty()) CHECK(section.table.find(s.idle_name) != nullptr);
      if (!s.needs_name.empty()) CHECK(section.table.find(s.needs_name) != nullptr);
    }
  }
}

TEST_CASE("general_keys has the dotted keys of all of them") {
  const std::vector<std::string>& keys = general_keys();
  CHECK(keys.front() == "seed");
  CHECK(keys.back() == "preflight.max_truncated");
  for (const char* key : {"train.steps", "model.kv_heads", "eval.split", "threads"})
    CHECK(std::count(keys.begin(), keys.end(), key) == 1);
  CHECK(std::count(keys.begin(), keys.end(), "task.use") == 0);
}

TEST_CASE("the limit of a completion grows by the same factor in each step") {
  RolloutSettings r;
  r.max_tokens = 320;
  CHECK(r.tokens_at(1) == 320);
  r.first_tokens = 20;
  r.growth_steps = 4;
  const std::int64_t expected[] = {20, 40, 80, 160, 320, 320};
  for (std::int64_t step = 1; step <= 6; ++step) CHECK(r.tokens_at(step) == expected[step - 1]);
  r.max_tokens = 8;
  CHECK(r.tokens_at(1) == 8);
}
