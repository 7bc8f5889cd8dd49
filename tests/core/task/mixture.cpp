#include "core/task/mixture.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "core/base/error.h"
#include "core/config/experiment.h"
#include "core/config/yaml.h"
#include "core/plugin/task_code.h"
#include "core/task/stream.h"
#include "support/task.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/task/mixture");

namespace {

const char* const kMixed =
    "{use: mix, tasks: {countdown: {weight: 3, numbers: 3}, products: {use: multiplication, "
    "levels: [{digits: [1, 1]}, {digits: [2, "
    "2]}]}}}";

std::map<std::string, double> shares(const Task& task, const Stage* stage,
                                     std::size_t count = 4000) {
  std::vector<std::uint64_t> indices(count);
  std::iota(indices.begin(), indices.end(), 0);
  std::map<std::string, double> out;
  for (const Item& item : mixture_of(task)->draw(1, indices, stage))
    out[source_of(task, item.state)] += 1.0 / static_cast<double>(count);
  return out;
}

}  // namespace

TEST_CASE("notes of the tasks come with their names") {
  const std::string data = TINYZERO_SOURCE "/tests/data/word_problems.jsonl";
  const Task task =
      open_task("mix", "{tasks: {countdown: , questions: {use: dataset, file: " + data +
                           ", grade: number}}}");
  REQUIRE(task.notes().size() == 1);
  CHECK(task.notes()[0].starts_with("questions: 28 of 200 problems differ"));
}

TEST_CASE("problems come from the tasks by weight, and from the levels of the stage") {
  const Task task = open_task("mix", kMixed);
  CHECK(task.about().id == "countdown+multiplication");
  CHECK(task.libraries().size() == 2);
  const auto all = shares(task, nullptr);
  CHECK(all.at("countdown") == doctest::Approx(0.75).epsilon(0.04).scale(0));
  CHECK(all.at("products/level_1") == doctest::Approx(0.125).epsilon(0.15).scale(0));
  CHECK(all.at("products/level_2") == doctest::Approx(0.125).epsilon(0.15).scale(0));
  const Stage first{.levels = {0, 0}, .review = 0.2};
  const Stage second{.levels = {0, 1}, .review = 0.2};
  const Stage no_review{.levels = {0, 1}, .review = 0};
  CHECK(shares(task, &first).count("products/level_2") == 0);
  CHECK(shares(task, &second).at("products/level_1") ==
        doctest::Approx(0.05).epsilon(0.25).scale(0));
  CHECK(shares(task, &no_review).count("products/level_1") == 0);
}

TEST_CASE("a draw is a function of seed, index and stage") {
  const Task task = open_task("mix", kMixed);
  const auto together = task.draw(5, 100, 64), later = task.draw(5, 132, 32);
  for (std::size_t i = 0; i < later.size(); ++i) CHECK(later[i].state == together[32 + i].state);
  CHECK(task.draw(6, 100, 64)[0].state != together[0].state);
}

TEST_CASE("a mixture judges, solves and demonstrates as its tasks do") {
  const Task task = open_task("mix", kMixed);
  const std::map<std::string, Task> alone = [] {
    std::map<std::string, Task> tasks;
    tasks.emplace("countdown", open_task("countdown", "{numbers: 3}"));
    tasks.emplace("products/level_1", open_task("multiplication", "{digits: [1, 1]}"));
    tasks.emplace("products/level_2", open_task("multiplication", "{digits: [2, 2]}"));
    return tasks;
  }();
  REQUIRE(task.can_solve());
  std::set<std::string> seen;
  std::vector<Answer> answers;
  const auto items = task.draw(3, 0, 60);
  std::vector<std::string> completions;
  for (const Item& item : items)
    completions.push_back(item.index % 2 == 0 ? *task.solve(item.state) : "<answer>1</answer>");
  for (std::size_t i = 0; i < items.size(); ++i)
    answers.push_back({items[i].state, completions[i]});
  const auto verdicts = task.verify(answers);
  const auto traits = task.count_traits(answers);
  // Countdown's and, of multiplication's, those that countdown lacks: follows and distance.
  CHECK(task.about().traits.size() == alone.at("countdown").about().traits.size() + 2);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string source = source_of(task, items[i].state),
                      state = items[i].state.substr(source.size() + 1);
    const Task& own = alone.at(source);
    const Verdict expected = judge(own, state, completions[i]);
    CHECK(task.reason(verdicts[i]) == own.reason(expected));
    CHECK(verdicts[i].reward == expected.reward);
    CHECK(task.is_right(verdicts[i]) == (i % 2 == 0 || own.is_right(expected)));
    for (std::size_t p = 0; p < own.about().components.size(); ++p) {
      const auto& names = task.about().components;
      const auto place =
          std::find(names.begin(), names.end(), own.about().components[p]) - names.begin();
      CHECK(verdicts[i].parts[static_cast<std::size_t>(place)] == expected.parts[p]);
    }
    for (std::size_t t = 0; t < own.about().traits.size(); ++t) {
      const double counted = own.count_traits({{state, completions[i]}}).front()[t];
      const auto& names = task.about().traits;
      const auto place = std::ranges::find(names, own.about().traits[t].name, &TaskTrait::name);
      const double mixed = traits[i][static_cast<std::size_t>(place - names.begin())];
      CHECK((mixed == counted || (std::isnan(mixed) && std::isnan(counted))));
    }
    CHECK(task.demonstrate(items[i].state, 7, items[i].index) ==
          own.demonstrate(state, 7, items[i].index));
    CHECK(own.draw(3, items[i].index, 1)[0].key == items[i].key);
    seen.insert(source);
  }
  CHECK(seen.size() == 3);
  CHECK_THROWS_AS(judge(task, "nobody {}", "1"), Error);
}

TEST_CASE("when a task of a mixture is stopped, what the others judged comes with the stop") {
  const Task task = open_task("mix", "{use: mix, tasks: {hostile: {use: " TINYZERO_BROKEN
                                     "/hostile.so}, countdown: {numbers: 3}}}");
  std::string state;
  for (const Item& item : task.draw(1, 0, 20))
    if (item.state.starts_with("countdown ")) state = item.state;
  const std::string right = *task.solve(state);
  std::vector<Answer> answers(30, {"hostile {}", "exit"});
  answers.push_back({state, right});
  try {
    for (int i = 0; i < 100; ++i) task.verify(answers);
    FAIL("it was not stopped");
  } catch (const TaskStopped& stopped) {
    CHECK(std::string(stopped.what()).find("task \"hostile\" is stopped") != std::string::npos);
    REQUIRE(stopped.verdicts.size() == answers.size());
    CHECK(task.is_right(stopped.verdicts.back()));
    CHECK(stopped.verdicts.front().outcome == Outcome::error);
  }
}

TEST_CASE("a task that is no mixture has one source without a name") {
  const Task task = open_countdown();
  CHECK(mixture_of(task) == nullptr);
  CHECK(source_of(task, "anything").empty());
}

TEST_CASE("an evaluation set says where each problem is from") {
  const EvalSet set = draw_eval_set(open_task("mix", kMixed), Split::test, 200);
  REQUIRE(set.sources.size() == set.items.size());
  CHECK(std::set<std::string>(set.sources.begin(), set.sources.end()).size() == 3);
  CHECK(draw_eval_set(open_task("countdown"), Split::test, 20).sources.empty());
}
