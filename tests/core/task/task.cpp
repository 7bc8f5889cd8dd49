#include "core/task/task.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/plugin/library_task.h"
#include "support/task.h"
#include "support/thread_ranks.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/task/task");

TEST_CASE("settings of a task are checked by the host from the task's own table") {
  CHECK_NOTHROW(open_countdown("{numbers: 3, largest: 9}"));
  CHECK_THROWS_WITH_AS(open_countdown("{nubmers: 3}"),
                       doctest::Contains("settings:1:2: unknown setting \"task.nubmers\""), Error);
  CHECK_THROWS_WITH_AS(open_countdown("{numbers: 7}"),
                       doctest::Contains("expected an integer from 2 to 6"), Error);
  CHECK_THROWS_WITH_AS(open_countdown("{framing: qwen}"),
                       doctest::Contains("task.framing has no effect"), Error);
  CHECK_THROWS_WITH_AS(open_countdown("{smallest: 9, largest: 3}"),
                       doctest::Contains("smallest 9 is above largest 3"), Error);
  CHECK_THROWS_WITH_AS(open_countdown("{operators: \"+^\"}"), doctest::Contains("must be made of"),
                       Error);
  CHECK_THROWS_WITH_AS(open_countdown("{target: [50, 10]}"), doctest::Contains("runs downwards"),
                       Error);
}

TEST_CASE("ranks judge each answer once, and all of them have all verdicts") {
  const Item item = open_countdown("{numbers: 3}").draw(1, 0, 1).front();
  const std::string right = *open_countdown("{numbers: 3}").solve(item.state);
  std::vector<Answer> answers;
  for (int i = 0; i < 7; ++i) answers.push_back({item.state, i % 2 == 0 ? right : "<answer>1"});
  const std::vector<Verdict> expected = open_countdown("{numbers: 3}").verify(answers);
  on_ranks(3, [&](Ranks& ranks) {
    Task task = open_countdown("{numbers: 3}");
    task.divide_judging(ranks);
    const std::vector<Verdict> verdicts = task.verify(answers);
    REQUIRE(verdicts.size() == expected.size());
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      CHECK(verdicts[i].reward == expected[i].reward);
      CHECK(verdicts[i].outcome == expected[i].outcome);
      CHECK(verdicts[i].reason == expected[i].reason);
      CHECK(verdicts[i].parts == expected[i].parts);
    }
  });
}

TEST_CASE("draws are a function of seed and index") {
  const Task task = open_countdown();
  const auto together = task.draw(5, {0, 1, 2, 3});
  const auto shuffled = open_countdown().draw(5, {3, 1});
  CHECK(together[3].prompt == shuffled[0].prompt);
  CHECK(together[1].state == shuffled[1].state);
  CHECK(together[2].index == 2);
  CHECK(task.draw(6, {0})[0].state != together[0].state);
}

TEST_CASE("a state that the task did not write costs its row an error, never a reward") {
  const Task task = open_countdown();
  const auto verdicts = task.verify({{"{\"numbers\":[3,5],\"target\":8}", "<answer>3+5</answer>"},
                                     {"nonsense", "<answer>3+5</answer>"}});
  CHECK(task.is_right(verdicts[0]));
  CHECK(verdicts[1].outcome == Outcome::error);
  CHECK_FALSE(is_usable(verdicts[1].outcome));
  CHECK(task.reason(verdicts[1]).find("JSON") != std::string::npos);
}

namespace {

// A task that misbehaves in the ways a C plugin can.
tz_status bad_verify(tz_instance*, const tz_call*, const tz_answer*, uint32_t n, tz_verdict* out,
                     tz_error*) {
  for (uint32_t i = 0; i < n; ++i) {
    out[i] = {};
    out[i].reward = i == 0 ? 7.0 : i == 1 ? 0.0 / 0.0 : 0.5;
    out[i].outcome = i == 2 ? 77u : static_cast<uint32_t>(TZ_SCORED);
    out[i].reason = 99;
  }
  return TZ_OK;
}
tz_status bad_draw(tz_instance*, const tz_draw*, uint32_t, const tz_item_sink*, tz_error* error) {
  error->text[0] = 'x';
  error->text[1] = '\0';
  return TZ_INTERNAL;
}
tz_status make_nothing(const tz_host*, const tz_value*, tz_instance** out, tz_error*) {
  *out = nullptr;
  return TZ_OK;
}

}  // namespace

TEST_CASE("rewards outside the declared range and unknown outcomes are errors") {
  tz_task bad{};
  bad.size = sizeof bad;
  bad.id = "bad";
  bad.reward_full = bad.reward_max = 1;
  bad.create = make_nothing;
  bad.destroy = [](tz_instance*) {};
  bad.draw = bad_draw;
  bad.verify = bad_verify;
  bad.extension = [](const char*) -> const void* { return nullptr; };
  const Task task(std::make_unique<LibraryTask>(bad, "bad.so"), "bad.so", nullptr);
  const auto verdicts = task.verify({{"", ""}, {"", ""}, {"", ""}, {"", ""}});
  for (int i = 0; i < 3; ++i) {
    CHECK(verdicts[static_cast<std::size_t>(i)].outcome == Outcome::error);
    CHECK(verdicts[static_cast<std::size_t>(i)].reward == 0);
  }
  CHECK(verdicts[3].outcome == Outcome::scored);
  CHECK(task.reason(verdicts[3]).empty());
  CHECK_THROWS_WITH_AS(task.draw(1, {0}),
                       doctest::Contains("task \"bad\" cannot draw a problem: x"), Failure);
  CHECK_THROWS_AS(task.solve("{}"), Error);
}
