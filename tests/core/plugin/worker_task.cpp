// A task in a worker: the same words as in this process, and whatever it does to its process costs
// the row that did it.

#include "core/plugin/worker/worker_task.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "core/base/background.h"
#include "core/base/error.h"
#include "core/plugin/library_task.h"
#include "core/plugin/worker/library_code.h"
#include "support/task.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/worker_task");

namespace {

const fs::path kHostile = fs::path(TINYZERO_BROKEN) / "hostile.so";

// The hostile task in a worker that is patient with nothing but strikes.
std::unique_ptr<WorkerTask> open_hostile(int strikes = 1000) {
  WorkerLimits limits;
  limits.row_seconds = 0.3;
  limits.call_seconds = 2;
  limits.memory = 512u << 20;
  limits.strikes = strikes;
  auto task = std::make_unique<WorkerTask>(std::make_unique<LibraryCode>(kHostile), limits);
  task->create({{{}, {}, {"quiet"}}});
  return task;
}

std::vector<Verdict> judge_all(TaskCode& task, const std::vector<std::string>& completions) {
  std::vector<Answer> answers;
  for (const std::string& completion : completions) answers.push_back({"{}", completion});
  return task.verify(answers);
}

}  // namespace

TEST_CASE("a worker says what the library says in this process") {
  for (const char* id : {"countdown", "arithmetic", "multiplication"}) {
    CAPTURE(id);
    const fs::path library = fs::path(TINYZERO_PLUGINS) / (std::string(id) + ".so");
    const PluginCatalog nobody({TINYZERO_PLUGINS}, {});
    const Task inside = open_task(id);
    const Task outside = open_task(nobody, id, nullptr);
    CHECK(inside.about().doc == outside.about().doc);
    CHECK(inside.about().reasons == outside.about().reasons);
    CHECK(inside.about().params.size() == outside.about().params.size());
    CHECK(inside.resolved().size() == outside.resolved().size());
    const auto items = draw_first(inside, 5, 100), same = draw_first(outside, 5, 100);
    std::vector<std::string> texts;
    std::vector<Answer> answers;
    for (std::size_t i = 0; i < items.size(); ++i) {
      CHECK(items[i].prompt == same[i].prompt);
      CHECK(items[i].key == same[i].key);
      CHECK(items[i].state == same[i].state);
      CHECK(items[i].difficulty == same[i].difficulty);
      CHECK(items[i].index == same[i].index);
      CHECK(inside.demonstrate(items[i].state, 1, i) == outside.demonstrate(items[i].state, 1, i));
      CHECK(inside.solve(items[i].state) == outside.solve(items[i].state));
      texts.push_back(inside.demonstrate(items[i].state, 1, i));
      texts.push_back(std::string("\0\xFF<answer>", 10) + std::to_string(i));
    }
    for (std::size_t i = 0; i < texts.size(); ++i)
      answers.push_back({i % 50 == 7 ? std::string_view("{broken") : items[i / 2].state, texts[i]});
    const auto a = inside.verify(answers), b = outside.verify(answers);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      CHECK(a[i].reward == b[i].reward);
      CHECK(a[i].outcome == b[i].outcome);
      CHECK(a[i].parts == b[i].parts);
      CHECK(inside.reason(a[i]) == outside.reason(b[i]));
    }
    CHECK(inside.about().traits == outside.about().traits);
    const auto counted = inside.count_traits(answers), there = outside.count_traits(answers);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      REQUIRE(counted[i].size() == there[i].size());
      for (std::size_t t = 0; t < counted[i].size(); ++t)
        CHECK((counted[i][t] == there[i][t] ||
               (std::isnan(counted[i][t]) && std::isnan(there[i][t]))));
    }
  }
}

TEST_CASE(
    "each hostile act costs its row an error that says what it did, and no other row anything") {
  fs::remove("/tmp/hostile");
  struct Case {
    const char* completion;
    const char* detail;
  };
  const Case cases[] = {
      {"crash", "was ended by signal 11"},
      {"abort", "was ended by signal 6"},
      {"deep", "was ended by signal 11"},
      {"hang", "ran longer than 0.3 s"},
      {"exit", "ended its process with exit code 0"},
      {"fork", "made the system call clone"},
      {"file", "made the system call openat"},
      {"network", "made the system call socket"},
      {"print", "made the system call write"},
      {"kill", "made the system call kill"},
      {"bomb", "std::bad_alloc"},
      {"throw", "threw something that is not a std::exception"},
  };
  const auto task = open_hostile();
  std::vector<std::string> completions = {"right"};
  for (const Case& c : cases) {
    completions.emplace_back(c.completion);
    completions.emplace_back("right");
  }
  const auto verdicts = judge_all(*task, completions);
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    CAPTURE(std::string(cases[i].completion));
    CAPTURE(verdicts[2 * i + 1].detail);
    CHECK(verdicts[2 * i + 1].outcome == Outcome::error);
    CHECK(verdicts[2 * i + 1].detail.find(cases[i].detail) != std::string::npos);
    CHECK(verdicts[2 * i + 2].outcome == Outcome::scored);
    CHECK(verdicts[2 * i + 2].reward == 1.0);
  }
  CHECK_FALSE(fs::exists("/tmp/hostile"));
  CHECK(judge_all(*task, {"explain"}).front().detail == "because");
}

TEST_CASE("a completion that ends the worker while its traits are counted has none") {
  const auto task = open_hostile();
  const std::vector<std::string> texts = {"right", "crash", "four", "hang", "x"};
  std::vector<Answer> answers;
  for (const std::string& text : texts) answers.push_back({"{}", text});
  const auto rows = task->count_traits(answers);
  REQUIRE(rows.size() == 5);
  CHECK(rows[0] == TraitRow{5});
  CHECK(std::isnan(rows[1][0]));
  CHECK(rows[2] == TraitRow{4});
  CHECK(std::isnan(rows[3][0]));
  CHECK(rows[4] == TraitRow{1});
  CHECK(judge_all(*task, {"right"}).front().reward == 1);
  CHECK_THROWS_WITH_AS(open_hostile(2)->count_traits(answers),
                       doctest::Contains("is stopped: its worker was lost 2 times"), Failure);
  CHECK_THROWS_WITH_AS(open_hostile(2)->count_traits(answers),
                       doctest::Contains("on the answer \"hang\" while its traits were counted"),
                       Failure);
}

TEST_CASE("what happens outside of judging names the library and what it did") {
  const auto task = open_hostile();
  CHECK_THROWS_WITH_AS(
      task->draw(666, {0}),
      doctest::Contains("hostile.so) was ended by signal 6 (Aborted) while drawing problems"),
      Failure);
  CHECK(task->draw(1, {4}).front().prompt == "4");
  CHECK_THROWS_WITH_AS(task->solve("hang"),
                       doctest::Contains("ran longer than 2 s while solving a problem"), Failure);
  CHECK(task->solve("{}") == "right");
  const auto create = [](const char* what) {
    WorkerTask fresh(std::make_unique<LibraryCode>(kHostile), {});
    fresh.create({{{}, {}, {what}}});
  };
  CHECK_THROWS_WITH_AS(create("crash"), doctest::Contains("was ended by signal 11"), Failure);
  CHECK_THROWS_WITH_AS(create("throw"), "task \"hostile\" cannot be set up: no", Error);
  CHECK_NOTHROW(create("file"));
}

TEST_CASE("a task that loses its worker again and again is stopped with the cause") {
  const auto task = open_hostile(3);
  judge_all(*task, {"crash", "right", "crash"});
  CHECK_THROWS_WITH_AS(judge_all(*task, {"right", "exit"}),
                       "task \"hostile\" is stopped: its worker was lost 3 times, the last time "
                       "because it ended its process with exit code 0 on the answer \"exit\"",
                       Failure);
}

// The system ends a worker with the thread that started it.
TEST_CASE("a worker that was started in the background lives on between pieces of work") {
  const auto task = open_hostile(3);
  Background<std::vector<Verdict>> background;
  const auto judge = [&](const std::string& completion) {
    background.begin(
        [&, completion](const StopRequest*) { return judge_all(*task, {completion}); });
    return background.finish()->front();
  };
  CHECK(judge("crash").outcome == Outcome::error);
  for (int i = 0; i < 6; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(judge("right").reward == 1);
  }
}

TEST_CASE("what was judged before a task is stopped comes with the stop") {
  const auto task = open_hostile(2);
  try {
    judge_all(*task, {"right", "crash", "right", "exit", "right"});
    FAIL("it went on");
  } catch (const TaskStopped& stopped) {
    REQUIRE(stopped.verdicts.size() == 5);
    std::size_t judged = 0;
    for (const Verdict& verdict : stopped.verdicts)
      judged += verdict.outcome == Outcome::scored ? 1 : 0;
    CHECK(judged >= 1);
    CHECK(stopped.verdicts.front().reward == 1);
    CHECK(stopped.verdicts[1].outcome == Outcome::error);
  }
}

TEST_CASE("a host that is not told how its children end still sees that they do") {
  const auto task = open_hostile();
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  const auto verdicts = judge_all(*task, {"right", "crash", "right"});
  std::signal(SIGCHLD, before);
  CHECK(verdicts[0].reward == 1);
  CHECK(verdicts[1].detail == "the code of task \"hostile\" ended its process");
  CHECK(verdicts[2].reward == 1);
}
