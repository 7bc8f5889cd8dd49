#include "core/plugin/worker/watchdog.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/watchdog");

namespace {

constexpr std::uint32_t kNone = UINT32_MAX;

WatchTime at(double seconds) {
  return WatchTime{} +
         std::chrono::duration_cast<WatchTime::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

TEST_CASE("each new row begins its own time, and only a higher one is new") {
  CallWatch watch({60, 2, 10}, at(0));
  CHECK_FALSE(watch.look(0, at(1.9)));
  CHECK_FALSE(watch.look(1, at(3.8)));
  CHECK(watch.row() == 1);
  CHECK_FALSE(watch.look(0, at(5.0)));
  CHECK_FALSE(watch.look(1, at(5.7)));
  CHECK(watch.row() == 1);
  CHECK(watch.look(0, at(5.8)) == "ran longer than 2 s");
  CHECK(watch.look(1, at(5.9)) == "ran longer than 2 s");
}

TEST_CASE("a cursor that goes up and down, or leaves the call, gains nothing") {
  CallWatch to_and_fro({60, 2, 10}, at(0));
  for (int i = 0; i < 20; ++i)
    CHECK_FALSE(to_and_fro.look(static_cast<std::uint32_t>(i % 2), at(0.1 * i)));
  CHECK(to_and_fro.look(0, at(2.2)) == "ran longer than 2 s");
  CallWatch beyond({60, 2, 3}, at(0));
  for (std::uint32_t i = 3; i < 50; ++i) CHECK_FALSE(beyond.look(i, at(0.1 * i)));
  CHECK_FALSE(beyond.row());
  CHECK(beyond.look(1000000, at(6)) == "ran longer than 6 s");  // the time of its three rows
}

TEST_CASE("a call as a whole has a limit, whatever its rows do") {
  CallWatch slow({60, 2, 1000}, at(0));
  for (std::uint32_t row = 0; row < 59; ++row) CHECK_FALSE(slow.look(row, at(row + 0.5)));
  CHECK(slow.look(60, at(60)) == "ran longer than 60 s");
  CallWatch silent({60, 2, 1000}, at(0));
  CHECK_FALSE(silent.look(kNone, at(59.9)));
  CHECK(silent.look(kNone, at(60)) == "ran longer than 60 s");
  CallWatch without_rows({20, 2, 0}, at(0));
  CHECK_FALSE(without_rows.look(0, at(19.9)));
  CHECK_FALSE(without_rows.row());
  CHECK(without_rows.look(kNone, at(20)) == "ran longer than 20 s");
}

TEST_CASE("processor time between calls is misuse, in calls it is not") {
  RestWatch watch(at(0));
  CHECK_FALSE(watch.is_due(at(0.9)));
  CHECK(watch.is_due(at(1)));
  watch.called(3);
  CHECK_FALSE(watch.look(3.1, 2, at(10)));  // seven seconds of rest, none used
  watch.called(1);
  CHECK_FALSE(watch.look(5.1, 2, at(12)));  // two threads in a call of a second
  const auto busy = watch.look(9.1, 2, at(16));
  REQUIRE(busy);
  CHECK(*busy == doctest::Approx(4));  // a thread that never rests
}
