// Work on a thread of its own.

#include "core/base/background.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/background");

TEST_CASE("the result is there at the end, once, and nothing if nothing has begun") {
  Background<int> background;
  CHECK_FALSE(background.finish().has_value());
  const std::thread::id here = std::this_thread::get_id();
  std::thread::id there = here;
  background.begin([&](const StopRequest*) {
    there = std::this_thread::get_id();
    return 3;
  });
  CHECK(background.finish() == 3);
  CHECK(there != here);
  CHECK_FALSE(background.finish().has_value());
}

TEST_CASE("all work is done by one thread, which does not end with a piece of it") {
  Background<std::thread::id> background;
  const auto id = [](const StopRequest*) { return std::this_thread::get_id(); };
  background.begin(id);
  const auto first = background.finish();
  background.begin(id);
  CHECK(background.finish() == first);
  background.begin(id);
  background.give_up();
  CHECK_FALSE(background.finish().has_value());
  background.begin(id);
  CHECK(background.finish() == first);
}

TEST_CASE("an error is thrown where the result is asked for") {
  Background<int> background;
  background.begin([](const StopRequest*) -> int { throw Error("no such task"); });
  CHECK_THROWS_WITH_AS(background.finish(), "no such task", Error);
}

TEST_CASE("what nobody asks for any more is given up") {
  bool is_stopped = false;
  {
    Background<int> background;
    background.begin([&](const StopRequest* stop) -> int {
      while (*stop == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      is_stopped = true;
      throw Interrupted();
    });
  }
  CHECK(is_stopped);
}
