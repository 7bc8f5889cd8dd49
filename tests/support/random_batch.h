// Random ragged batches for properties that must hold of any: masked tokens, episodes that are not
// usable, groups of different sizes. All in double, so that rounding is far below what is asserted.
#pragma once

#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "tinyzero/primitives.h"
#include "tinyzero/rng.h"

namespace tinyzero::properties {

using Order = std::vector<std::int64_t>;

inline at::Tensor uniform(Rng& rng, std::int64_t n, double low, double high) {
  std::vector<double> values(static_cast<std::size_t>(n));
  for (double& value : values) value = low + (high - low) * rng.uniform();
  return at::tensor(values, at::kDouble);
}

inline at::Tensor coins(Rng& rng, std::int64_t n, double p) { return uniform(rng, n, 0, 1).lt(p); }

// A batch with all that a loss may need: batch.advantage, batch.added["reference", "value_old",
// "returns"] (N), and the variable x (N).
struct Case {
  Batch b;
  at::Tensor x;
};

inline Case random_case(std::uint64_t index, std::int64_t longest = 7) {
  Rng rng(2025, {index});
  Case c;
  Batch& b = c.b;
  std::vector<std::int64_t> length, group;
  for (std::int64_t g = 0; g < rng.between(1, 5) || g == 0; ++g)
    for (std::int64_t n = rng.between(1, 6); n > 0; --n) group.push_back(g);
  for (std::size_t i = 0; i < group.size(); ++i) length.push_back(rng.between(1, longest));
  const auto episodes = static_cast<std::int64_t>(group.size());
  b.group = at::tensor(group);
  b.length = at::tensor(length);
  b.episode = at::repeat_interleave(b.length);
  const std::int64_t tokens = b.episode.size(0);
  b.usable = coins(rng, episodes, 0.8);
  b.reward = at::tensor(std::vector<double>{0, 0.1, 1})
                 .index_select(0, uniform(rng, episodes, 0, 3).to(at::kLong));
  b.right = b.reward.ge(1.0);
  b.mask =
      coins(rng, tokens, 0.85).logical_and(b.usable.index_select(0, b.episode)).to(at::kDouble);
  b.logp_old = uniform(rng, tokens, -4, -0.1);
  c.x = b.logp_old + uniform(rng, tokens, -0.5, 0.5);
  b.advantage = uniform(rng, tokens, -2, 2);
  b.added["reference"] = b.logp_old + uniform(rng, tokens, -1, 1);
  b.added["value_old"] = c.x + uniform(rng, tokens, -0.6, 0.6);
  b.added["returns"] = uniform(rng, tokens, -5, 1);
  b.all.tokens = b.mask.sum().item<double>();
  b.all.episodes = episode_sums(b.mask, b.episode, episodes).gt(0).sum().item<double>();
  b.all.samples = static_cast<double>(episodes);
  return c;
}

inline at::Tensor tokens_of(const Batch& b, const Order& episodes) {
  std::vector<at::Tensor> places;
  for (const std::int64_t i : episodes) places.push_back(b.episode.eq(i).nonzero().squeeze(1));
  return at::cat(places);
}

// These episodes, in this order, with the counts of the whole.
inline Case picked(const Case& c, const Order& episodes) {
  const at::Tensor tokens = tokens_of(c.b, episodes), chosen = at::tensor(episodes);
  Case out = c;
  Batch& b = out.b;
  for (at::Tensor* t : {&out.x, &b.mask, &b.logp_old, &b.advantage})
    *t = t->index_select(0, tokens);
  for (auto& [name, values] : b.added) values = values.index_select(0, tokens);
  for (at::Tensor* t : {&b.group, &b.length, &b.usable, &b.reward, &b.right})
    *t = t->index_select(0, chosen);
  b.episode = at::repeat_interleave(b.length);
  return out;
}

inline Order all_of(const Case& c) {
  Order order(static_cast<std::size_t>(c.b.episodes()));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

inline void check_close(const at::Tensor& a, const at::Tensor& b, double tolerance = 1e-12) {
  REQUIRE(a.sizes() == b.sizes());
  CHECK((a - b).abs().max().item<double>() <= tolerance);
}

}  // namespace tinyzero::properties
