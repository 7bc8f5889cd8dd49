#include "core/train/curriculum.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/rollout/episodes.h"
#include "support/task.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/curriculum");

namespace {

Task leveled() {
  return open_task("multiplication",
                   "{levels: [{digits: [1, 1]}, {digits: [1, 2]}, {digits: [2, 2]}]}");
}

// A step of completions at a level, of which `right` are right.
struct SampledAt {
  std::vector<Item> items;
  std::vector<ScoredCompletion> completions;
};
SampledAt sampled(std::size_t level, int right, int count, Outcome outcome = Outcome::scored) {
  SampledAt out;
  out.items.emplace_back();
  out.items[0].state = "level_" + std::to_string(level) + " {}";
  for (int i = 0; i < count; ++i) {
    ScoredCompletion c;
    c.right = i < right;
    c.verdict.outcome = outcome;
    out.completions.push_back(c);
  }
  return out;
}

}  // namespace

TEST_CASE(
    "a level rises by the accuracy of a whole window at it, and falls below the lower bound") {
  const Task task = leveled();
  CurriculumSettings settings;
  settings.window = 2;
  settings.raise_at = 0.75;
  settings.lower_at = 0.25;
  Curriculum curriculum(settings, task);
  const auto step = [&](std::size_t level, int right, int count) {
    const SampledAt s = sampled(level, right, count);
    return curriculum.observe(s.items, s.completions);
  };
  CHECK(curriculum.stage()->levels == std::vector<std::size_t>{0});
  CHECK(step(1, 8, 8).empty());      // one step is no window
  CHECK(step(1, 3, 8).empty());      // 11 of 16
  CHECK(step(1, 8, 8).empty());      // the oldest is forgotten: 11 of 16 again
  const auto risen = step(1, 4, 8);  // 12 of 16
  REQUIRE(risen.size() == 1);
  CHECK(risen[0] == "level 2 of 3: 75 % of the completions at level 1 were right");
  CHECK(step(1, 8, 8).empty());  // review of the level below counts for nothing
  CHECK(step(2, 0, 8).empty());
  CHECK(step(2, 4, 8).empty());  // 4 of 16: not below a quarter
  CHECK(step(2, 0, 8).empty());
  REQUIRE(step(2, 3, 8).size() == 1);  // 3 of 16
  CHECK(curriculum.stage()->levels[0] == 0);
  CHECK(step(1, 0, 8).empty());
  CHECK(step(1, 0, 8).empty());  // there is none below
  CHECK(curriculum.stage()->levels[0] == 0);
}

TEST_CASE("what could not be judged moves no level, and the top is the end") {
  const Task task = leveled();
  CurriculumSettings settings;
  settings.window = 1;
  Curriculum curriculum(settings, task);
  const SampledAt failed = sampled(1, 8, 8, Outcome::error);
  CHECK(curriculum.observe(failed.items, failed.completions).empty());
  for (std::size_t level = 1; level <= 3; ++level) {
    const SampledAt s = sampled(level, 8, 8);
    CHECK(curriculum.observe(s.items, s.completions).size() == (level < 3 ? 1 : 0));
  }
  Json record;
  curriculum.record(record);
  CHECK(record["curriculum/level"] == 3);
}

TEST_CASE("a curriculum goes on from its state") {
  const Task task = leveled();
  CurriculumSettings settings;
  settings.window = 3;
  Curriculum whole(settings, task), first(settings, task);
  const int rights[] = {8, 8, 8, 2, 8, 8, 7, 8, 8};
  for (std::size_t i = 0; i < std::size(rights); ++i) {
    const SampledAt s = sampled(whole.stage()->levels[0] + 1, rights[i], 8);
    const auto expected = whole.observe(s.items, s.completions);
    Curriculum resumed(settings, task);
    resumed.restore(Json::parse(first.state().dump()));
    CHECK(resumed.observe(s.items, s.completions) == expected);
    CHECK(resumed.state() == whole.state());
    first = resumed;
  }
  CHECK(whole.stage()->levels[0] == 2);
  CHECK_THROWS_AS(first.restore({{"levels", {3}}, {"windows", {Json::array()}}}), Error);
  CHECK_THROWS_AS(first.restore({{"levels", {0, 0}}, {"windows", {Json::array(), Json::array()}}}),
                  Error);
  CHECK_THROWS_AS(first.restore({{"levels", "all"}}), Error);
  CHECK(Curriculum(settings, open_countdown()).stage() == nullptr);
}
