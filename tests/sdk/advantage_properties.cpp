// What must hold of advantages for any batch: the properties that the papers' formulas have.

#include <doctest/doctest.h>

#include "support/random_batch.h"

using namespace tinyzero;
using namespace tinyzero::properties;

TEST_SUITE_BEGIN("sdk/advantage_properties");

namespace {

constexpr std::uint64_t kBatches = 40;

}  // namespace

TEST_CASE("with gamma and lambda 1 an advantage is the return less the value") {
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    Rng rng(5, {i});
    const Case c = random_case(i);
    const std::int64_t n = c.x.size(0);
    const at::Tensor reward = uniform(rng, n, -1, 1), value = uniform(rng, n, -1, 1);
    const Gae gae = generalized_advantage(reward, value, c.b.mask, c.b.episode, 1, 1);
    const at::Tensor returns = return_to_go(reward, c.b.mask, c.b.episode, 1);
    check_close(gae.advantage, (returns - value) * c.b.mask);
    check_close(gae.returns, returns);
    // The return of an episode's first token that counts is the sum of what counts.
    const at::Tensor sums = episode_sums(reward * c.b.mask, c.b.episode, c.b.episodes());
    for (std::int64_t t = n - 1, e = -1; t >= 0; --t) {
      if (c.b.mask[t].item<double>() != 0) e = t;
      const bool first =
          t == 0 || c.b.episode[t - 1].item<std::int64_t>() != c.b.episode[t].item<std::int64_t>();
      if (first && e >= 0)
        CHECK(returns[e].item<double>() ==
              doctest::Approx(sums[c.b.episode[t]].item<double>()).epsilon(1e-12));
      if (first) e = -1;
    }
  }
}

TEST_CASE("leave-one-out and group advantages sum to 0 in every group") {
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    const Batch b = random_case(i).b;
    const auto sums = [&](const at::Tensor& advantage) {
      return at::zeros({b.groups()}, at::kDouble).index_add(0, b.group, advantage);
    };
    CHECK(sums(leave_one_out(b.reward, b.group, b.usable)).abs().max().item<double>() < 1e-12);
    CHECK(
        sums(group_advantage(b.reward, b.group, b.usable, true, 1e-6)).abs().max().item<double>() <
        1e-12);
  }
}

TEST_CASE(
    "group advantages do not change when rewards are scaled and shifted, nor with the order or "
    "numbers of episodes and groups") {
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    Rng rng(6, {i});
    const Case c = random_case(i);
    const Batch& b = c.b;
    const auto of = [](const Batch& batch, const at::Tensor& reward) {
      return group_advantage(reward, batch.group, batch.usable, true, 0);
    };
    const at::Tensor plain = of(b, b.reward);
    check_close(plain, of(b, b.reward * (0.1 + 9 * rng.uniform()) + (rng.uniform() - 0.5)), 1e-9);
    Order order = all_of(c);
    rng.shuffle(order);
    Batch other = picked(c, order).b;
    other.group = b.groups() - 1 - other.group;
    check_close(plain.index_select(0, at::tensor(order)), of(other, other.reward));
  }
}

TEST_CASE("groups whose rewards are all equal have advantages of exactly 0, also after whitening") {
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    const Batch b = random_case(i).b;
    const at::Tensor reward = (b.group.to(at::kDouble) * 0.1 + 0.1) / 3;
    for (const at::Tensor& advantage : {group_advantage(reward, b.group, b.usable, true, 1e-6),
                                        group_advantage(reward, b.group, b.usable, false, 0),
                                        leave_one_out(reward, b.group, b.usable)}) {
      CHECK(advantage.eq(0).all().item<bool>());
      CHECK(whiten(spread_to_tokens(advantage, b.episode), b.mask).eq(0).all().item<bool>());
    }
    CHECK(whiten(at::full({b.tokens()}, 0.1, at::kDouble), b.mask).eq(0).all().item<bool>());
  }
}

TEST_CASE("a group has spread where its advantages are not 0") {
  std::int64_t with = 0, without = 0;
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    const Batch b = random_case(i).b;
    const at::Tensor advantage = group_advantage(b.reward, b.group, b.usable, true, 1e-6),
                     spread = has_spread(b.reward, b.group, b.usable);
    for (std::int64_t g = 0; g < b.groups(); ++g) {
      const bool taught = advantage.masked_select(b.group.eq(g)).ne(0).any().item<bool>();
      CHECK(taught == spread[g].item<bool>());
      ++(taught ? with : without);
    }
  }
  CHECK(with > 10);
  CHECK(without > 10);
}

TEST_CASE("whitened tokens that count have mean 0 and variance 1, the others are 0") {
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    const Case c = random_case(i);
    if (c.b.mask.sum().item<double>() < 2) continue;
    const at::Tensor w = whiten(c.x, c.b.mask), counted = w.masked_select(c.b.mask.gt(0));
    CHECK(counted.mean().item<double>() == doctest::Approx(0).scale(1).epsilon(1e-9));
    CHECK(counted.var(true).item<double>() == doctest::Approx(1).epsilon(1e-5));
    CHECK((w * (1 - c.b.mask)).eq(0).all().item<bool>());
  }
}

TEST_CASE(
    "process advantages sum to 0 over a group of completions of equal length, and are 0 for groups "
    "of one") {
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    Rng rng(8, {i});
    const Batch b = random_case(i, /*longest=*/1).b;
    const at::Tensor mask = b.usable.index_select(0, b.episode).to(at::kDouble),
                     reward = uniform(rng, b.tokens(), -1, 1);
    for (const bool leave_one_out : {true, false}) {
      const at::Tensor advantage =
          process_advantage(reward, mask, b.episode, b.group, b.usable, leave_one_out);
      const at::Tensor of_tokens = b.group.index_select(0, b.episode);
      CHECK(at::zeros({b.groups()}, at::kDouble)
                .index_add(0, of_tokens, advantage)
                .abs()
                .max()
                .item<double>() < 1e-12);
      for (const auto& members : members_of(b.group, b.usable))
        if (members.size() == 1)
          CHECK(advantage.masked_select(b.episode.eq(members[0])).eq(0).all().item<bool>());
    }
  }
}

TEST_CASE("what could not be judged is not a wrong answer where groups are kept by accuracy") {
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    const Batch b = random_case(i).b;
    const at::Tensor none = at::zeros_like(b.usable), right = b.right.to(at::kDouble);
    const at::Tensor kept = group_is_kept(right, b.group, b.usable, none, 0.2, 0.8, true);
    CHECK(at::equal(kept, group_is_kept(at::where(b.usable, right, 1 - right), b.group, b.usable,
                                        b.usable.logical_not(), 0.2, 0.8, true)));
    const auto members = members_of(b.group, b.usable);
    for (std::size_t g = 0; g < members.size(); ++g)
      if (members[g].size() < 2) CHECK_FALSE(kept[static_cast<std::int64_t>(g)].item<bool>());
  }
}
