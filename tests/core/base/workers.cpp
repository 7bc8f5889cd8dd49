#include "core/base/workers.h"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <string>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/workers");

TEST_CASE("each piece of work is done once, on a thread of its own, the first on the caller's") {
  for (const std::int64_t n : {0, 1, 2, 5}) {
    CAPTURE(n);
    std::mutex mutex;
    std::multiset<std::int64_t> done;
    std::set<std::thread::id> threads;
    std::thread::id first;
    run_workers(n, [&](std::int64_t i) {
      const std::lock_guard lock(mutex);
      done.insert(i);
      threads.insert(std::this_thread::get_id());
      if (i == 0) first = std::this_thread::get_id();
    });
    REQUIRE(std::int64_t(done.size()) == n);
    for (std::int64_t i = 0; i < n; ++i) CHECK(done.count(i) == 1);
    if (n > 0) CHECK(first == std::this_thread::get_id());
  }
}

TEST_CASE("an exception is thrown again after all threads have ended") {
  std::atomic<int> ended{0};
  const auto work = [&](std::int64_t i) {
    if (i == 1) throw std::runtime_error("one");
    ++ended;
  };
  CHECK_THROWS_WITH_AS(run_workers(4, work), "one", std::runtime_error);
  CHECK(ended == 3);
  CHECK_THROWS_AS(run_workers(3, [](std::int64_t) { throw std::logic_error("all"); }),
                  std::logic_error);
}
