// What an algorithm throws and records, told as the algorithm's.

#include "core/algorithm/called.h"

#include <doctest/doctest.h>

#include <map>
#include <stdexcept>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/algorithm/called");

TEST_CASE("what an algorithm throws is a failure that names the method") {
  const std::map<std::string, int> empty;
  CHECK(call_algorithm("loss", [] { return 3; }) == 3);
  CHECK_THROWS_WITH_AS(
      call_algorithm("loss", [] { throw std::runtime_error("no sign\nand a trace"); }),
      "the algorithm threw in loss: no sign", Failure);
  try {
    call_algorithm("prepare", [&] { return empty.at("returns"); });
    FAIL("it did not throw");
  } catch (const Failure& e) {
    CHECK(e.hint() == "does it read a name that prepare() did not put into batch.added?");
  }
}

TEST_CASE("what the host throws below an algorithm stays as it is") {
  CHECK_THROWS_WITH_AS(call_algorithm("prepare", [] { throw Error("mine"); }), "mine", Error);
  CHECK_THROWS_AS(call_algorithm("prepare", [] { throw Interrupted(); }), Interrupted);
  CHECK_THROWS_AS(call_algorithm("prepare", [] { throw std::bad_alloc(); }), std::bad_alloc);
}

TEST_CASE("a metric under a name of the host's is refused") {
  Metrics metrics;
  metrics.add("clipped", 1, 1);
  metrics.add("kl_reference", 1, 1);  // of a building block
  CHECK_NOTHROW(check_own_metrics(metrics));
  for (const char* name : {"reward", "kl", "critic_loss"}) {
    Metrics bad = metrics;
    bad.add(name, 1, 1);
    CHECK_THROWS_AS(check_own_metrics(bad), Error);
  }
}
