// What a batch counts, and means that add up.

#include "tinyzero/primitives/batch.h"

#include <doctest/doctest.h>

#include "support/numbers.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/primitives/batch");

TEST_CASE("a batch counts trained tokens, episodes with any, and samples") {
  Batch b;
  b.logp_old = floats({-1, -2, -3, -4});
  b.mask = floats({1, 0, 1, 0});
  b.episode = longs({0, 0, 1, 1});
  b.reward = doubles({1, 0, 0});
  b.usable = bools({1, 1, 0});
  b.group = longs({0, 0, 1});
  CHECK(b.tokens() == 4);
  CHECK(b.episodes() == 3);
  CHECK(b.groups() == 2);
  const Counts counts = b.counted();
  CHECK(counts.tokens == 2);
  CHECK(counts.episodes == 2);
  CHECK(counts.samples == 3);
  Batch empty;
  empty.reward = doubles({});
  CHECK(empty.groups() == 0);
}

TEST_CASE("metrics of micro-batches add up to the mean of all") {
  Metrics a, b;
  a.add("clipped", 3, 10);
  b.add("clipped", 1, 30);
  b.add("own", 5, 1);
  a.add(b);
  CHECK(a.values().at("clipped").value() == doctest::Approx(0.1));
  CHECK(a.values().at("own").value() == 5);
  a.add("nothing", 7, 0);
  CHECK(a.values().at("nothing").value() == 0);
}
