// Micro-batches of a batch.

#include "core/algorithm/select_episodes.h"

#include <doctest/doctest.h>

#include "support/numbers.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/algorithm/select_episodes");

namespace {

Batch three_episodes() {
  Batch b;
  b.logp_old = floats({0, 1, 2, 3, 4, 5});
  b.mask = at::ones({6});
  b.episode = longs({0, 0, 1, 2, 2, 2});
  b.advantage = b.logp_old * 10;
  b.added["x"] = at::arange(6);
  b.reward = doubles({1, 2, 3});
  b.usable = all_usable(3);
  b.group = longs({0, 0, 1});
  b.length = longs({2, 1, 3});
  b.truncated = bools({0, 0, 1});
  b.right = b.reward.gt(1);
  b.max_tokens = 7;
  b.all.tokens = 6;
  b.all.episodes = 3;
  return b;
}

}  // namespace

TEST_CASE("chosen episodes keep their tokens, and the whole's counts") {
  const Batch b = select_episodes(three_episodes(), {0, 2});
  CHECK(at::equal(b.logp_old, floats({0, 1, 3, 4, 5})));
  CHECK(at::equal(b.episode, longs({0, 0, 1, 1, 1})));
  CHECK(at::equal(b.advantage, floats({0, 10, 30, 40, 50})));
  CHECK(at::equal(b.added.at("x"), longs({0, 1, 3, 4, 5})));
  CHECK(at::equal(b.reward, doubles({1, 3})));
  CHECK(at::equal(b.group, longs({0, 1})));
  CHECK(at::equal(b.truncated, bools({0, 1})));
  CHECK(at::equal(b.right, bools({0, 1})));
  CHECK(b.max_tokens == 7);
  CHECK(b.all.tokens == 6);
  CHECK(b.all.episodes == 3);
}

TEST_CASE(
    "all episodes are the batch itself, none an empty one, and missing columns stay missing") {
  Batch whole = three_episodes();
  whole.advantage = at::Tensor();
  const Batch same = select_episodes(whole, {0, 1, 2});
  CHECK(at::equal(same.logp_old, whole.logp_old));
  CHECK(at::equal(same.episode, whole.episode));
  CHECK_FALSE(same.advantage.defined());
  const Batch none = select_episodes(whole, {});
  CHECK(none.tokens() == 0);
  CHECK(none.episodes() == 0);
}
