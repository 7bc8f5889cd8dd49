// What must hold of the primitives for any batch: the properties that the papers' formulas have, on random ragged batches with masked tokens,
// episodes that are not usable and groups of different sizes. All in double, so that rounding is far below what is asserted.

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "core/algorithm/frozen_constants.h"
#include "tinyzero/primitives.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/properties");

namespace {

constexpr std::uint64_t kBatches = 40, kLossBatches = 10;

using Order = std::vector<std::int64_t>;

at::Tensor uniform(Rng& rng, std::int64_t n, double low, double high) {
  std::vector<double> values(static_cast<std::size_t>(n));
  for (double& value : values) value = low + (high - low) * rng.uniform();
  return at::tensor(values, at::kDouble);
}

at::Tensor coins(Rng& rng, std::int64_t n, double p) { return uniform(rng, n, 0, 1).lt(p); }

// A batch with all that a loss may need: batch.advantage, batch.added["reference", "value_old", "returns"] (N), and the variable x (N).
struct Case {
  Batch b;
  at::Tensor x;
};

Case random_case(std::uint64_t index, std::int64_t longest = 7) {
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
  b.reward = at::tensor(std::vector<double>{0, 0.1, 1}).index_select(0, uniform(rng, episodes, 0, 3).to(at::kLong));
  b.right = b.reward.ge(1.0);
  b.mask = coins(rng, tokens, 0.85).logical_and(b.usable.index_select(0, b.episode)).to(at::kDouble);
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

at::Tensor tokens_of(const Batch& b, const Order& episodes) {
  std::vector<at::Tensor> places;
  for (const std::int64_t i : episodes) places.push_back(b.episode.eq(i).nonzero().squeeze(1));
  return at::cat(places);
}

// These episodes, in this order, with the counts of the whole.
Case picked(const Case& c, const Order& episodes) {
  const at::Tensor tokens = tokens_of(c.b, episodes), chosen = at::tensor(episodes);
  Case out = c;
  Batch& b = out.b;
  for (at::Tensor* t : {&out.x, &b.mask, &b.logp_old, &b.advantage}) *t = t->index_select(0, tokens);
  for (auto& [name, values] : b.added) values = values.index_select(0, tokens);
  for (at::Tensor* t : {&b.group, &b.length, &b.usable, &b.reward, &b.right}) *t = t->index_select(0, chosen);
  b.episode = at::repeat_interleave(b.length);
  return out;
}

// A loss: one number from a batch and the variable.
struct Loss {
  std::string name;
  std::function<at::Tensor(const Batch&, const at::Tensor&)> of;
};

const std::vector<Loss>& terms() {
  static const auto kl = [](KlOptions options) {
    return [options](const Batch& b, const at::Tensor& x) { return kl_terms(x, b.added.at("reference"), options); };
  };
  static const auto value = [](std::optional<double> clip) {
    return [clip](const Batch& b, const at::Tensor& x) { return value_terms(x, b.added.at("value_old"), b.added.at("returns"), clip); };
  };
  static const std::vector<Loss> kTerms = {
      {"clipped", [](const Batch& b, const at::Tensor& x) { return clipped_surrogate(ratio(x, b.logp_old), b.advantage, 0.2, 0.28); }},
      {"dual",
       [](const Batch& b, const at::Tensor& x) {
         return dual_clipped(clipped_surrogate(ratio(x, b.logp_old), b.advantage, 0.2, 0.28), b.advantage, 1.3);
       }},
      {"gspo", [](const Batch& b, const at::Tensor& x) { return clipped_surrogate(sequence_ratio(x, b), b.advantage, 0.2, 0.2); }},
      {"cispo", [](const Batch& b, const at::Tensor& x) { return clipped_importance(ratio(x, b.logp_old), x, b.advantage, 0.5, 0.28); }},
      {"k1", kl({"k1", "", {}, {}})},
      {"k2", kl({"k2", "", {}, {}})},
      {"k3", kl({"k3", "", 20.0, {}})},
      {"k1 with the gradient of k2", kl({"k1", "k2", {}, {}})},
      {"k3, clamped", kl({"k3", "", 0.7, 0.2})},
      {"value", value({})},
      {"clipped value", value(0.3)},
  };
  return kTerms;
}

// Every family of terms with every aggregation, and the classifier of episodes.
std::vector<Loss> all_losses() {
  std::vector<Loss> out;
  for (const Loss& family : terms())
    for (const char* how : {"token", "sequence", "sequence_sum", "constant"})
      out.push_back({family.name + ", " + how,
                     [&family, how](const Batch& b, const at::Tensor& x) { return aggregate(family.of(b, x), b, how, 7.0); }});
  out.push_back({"classifier", [](const Batch& b, const at::Tensor& x) {
                   const at::Tensor logit = episode_sums(x * b.mask, b.episode, b.episodes());
                   const at::Tensor counts = episode_sums(b.mask, b.episode, b.episodes()).gt(0);
                   return (classification_terms(logit, b.right.to(at::kDouble)) * counts).sum() / std::max(b.all.episodes, 1.0);
                 }});
  return out;
}

struct Value {
  double loss;
  at::Tensor gradient;  // (N)
};

Value evaluate(const Loss& loss, const Case& c) {
  const at::Tensor x = c.x.detach().clone().requires_grad_(true);
  const at::Tensor value = loss.of(c.b, x);
  value.backward();
  return {value.item<double>(), x.grad()};
}

void check_close(const at::Tensor& a, const at::Tensor& b, double tolerance = 1e-12) {
  REQUIRE(a.sizes() == b.sizes());
  CHECK((a - b).abs().max().item<double>() <= tolerance);
}

void for_losses(const std::function<void(const Loss&, const Case&, std::uint64_t)>& work) {
  for (const Loss& loss : all_losses()) {
    CAPTURE(loss.name);
    for (std::uint64_t i = 0; i < kLossBatches; ++i) {
      CAPTURE(i);
      work(loss, random_case(i), i);
    }
  }
}

Order all_of(const Case& c) {
  Order order(static_cast<std::size_t>(c.b.episodes()));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

// The loss over parts of the batch, added up.
Value evaluate_parts(const Loss& loss, const Case& c, const std::vector<Order>& parts) {
  Value sum{0, at::zeros_like(c.x)};
  for (const Order& part : parts) {
    if (part.empty()) continue;
    const Value value = evaluate(loss, picked(c, part));
    sum.loss += value.loss;
    sum.gradient.index_add_(0, tokens_of(c.b, part), value.gradient);
  }
  return sum;
}

}  // namespace

// ---- losses, whatever the form of the batch ----

TEST_CASE("the order of episodes changes no loss and no gradient") {
  for_losses([](const Loss& loss, const Case& c, std::uint64_t i) {
    Order order = all_of(c);
    Rng(1, {i}).shuffle(order);
    const Value a = evaluate(loss, c), b = evaluate(loss, picked(c, order));
    CHECK(a.loss == doctest::Approx(b.loss).epsilon(1e-12));
    check_close(a.gradient.index_select(0, tokens_of(c.b, order)), b.gradient);
  });
}

TEST_CASE("an episode packed beside others has the loss and gradient that it has alone") {
  for_losses([](const Loss& loss, const Case& c, std::uint64_t) {
    std::vector<Order> alone;
    for (const std::int64_t i : all_of(c)) alone.push_back({i});
    const Value whole = evaluate(loss, c), sum = evaluate_parts(loss, c, alone);
    CHECK(whole.loss == doctest::Approx(sum.loss).epsilon(1e-12));
    check_close(whole.gradient, sum.gradient);
  });
}

TEST_CASE("micro-batches add up to the whole update") {
  for_losses([](const Loss& loss, const Case& c, std::uint64_t i) {
    Rng rng(2, {i});
    std::vector<Order> parts(1 + rng.below(4));
    for (const std::int64_t episode : all_of(c)) parts[rng.below(parts.size())].push_back(episode);
    const Value whole = evaluate(loss, c), sum = evaluate_parts(loss, c, parts);
    CHECK(whole.loss == doctest::Approx(sum.loss).epsilon(1e-12));
    check_close(whole.gradient, sum.gradient);
  });
}

TEST_CASE("what stands at masked tokens changes no loss, and has no gradient") {
  for_losses([](const Loss& loss, const Case& c, std::uint64_t i) {
    Rng rng(3, {i});
    Case other = c;
    const at::Tensor masked = c.b.mask.eq(0);
    const auto disturb = [&](at::Tensor& t) { t = at::where(masked, t + uniform(rng, t.size(0), -3, 3), t); };
    disturb(other.x);
    disturb(other.b.logp_old);
    disturb(other.b.advantage);
    for (auto& [name, values] : other.b.added) disturb(values);
    const Value a = evaluate(loss, c), b = evaluate(loss, other);
    CHECK(a.loss == doctest::Approx(b.loss).epsilon(1e-12));
    check_close(a.gradient, b.gradient);
    CHECK(a.gradient.masked_select(masked).eq(0).all().item<bool>());
  });
}

TEST_CASE("a fully masked batch has loss 0, gradient 0 and nothing that is not a number") {
  for_losses([](const Loss& loss, Case c, std::uint64_t) {
    c.b.mask = at::zeros_like(c.b.mask);
    c.b.usable.fill_(false);
    c.b.all = {0, 0, 0};
    const Value value = evaluate(loss, c);
    CHECK(value.loss == 0);
    CHECK(value.gradient.eq(0).all().item<bool>());
  });
}

// Parts that detach() makes constant stay as they are while x moves; where a clip begins there is no derivative.
TEST_CASE("gradients are the derivatives that finite differences find") {
  std::size_t compared = 0, kinks = 0;
  for_losses([&](const Loss& loss, const Case& c, std::uint64_t i) {
    if (i >= 4) return;
    constexpr double kStep = 1e-6;
    const at::Tensor gradient = evaluate(loss, c).gradient;
    FrozenConstants constants;
    const double middle = loss.of(c.b, c.x).item<double>();
    for (std::int64_t t = 0; t < c.x.size(0); ++t) {
      const auto at_offset = [&](double offset) {
        const at::Tensor moved = c.x.clone();
        moved[t] += offset;
        constants.hold();
        return loss.of(c.b, moved).item<double>();
      };
      const double above = (at_offset(kStep) - middle) / kStep, below = (middle - at_offset(-kStep)) / kStep;
      const bool kink = std::abs(above - below) > 1e-3;
      ++(kink ? kinks : compared);
      if (!kink) CHECK(gradient[t].item<double>() == doctest::Approx((above + below) / 2).epsilon(1e-6).scale(1));
    }
  });
  CHECK(compared > 3000);
  CHECK(kinks * 100 < compared);
}

// ---- ratios ----

TEST_CASE("at ratio 1 every surrogate has exactly the gradient of REINFORCE") {
  const Loss reinforce{"", [](const Batch& b, const at::Tensor& x) { return aggregate(-b.advantage * x, b, "token"); }};
  for (const char* name : {"clipped", "dual", "cispo"}) {
    CAPTURE(name);
    for (const Loss& family : terms()) {
      if (family.name != name) continue;
      for (std::uint64_t i = 0; i < kBatches; ++i) {
        Case c = random_case(i);
        c.x = c.b.logp_old.clone();
        const Loss loss{name, [&](const Batch& b, const at::Tensor& x) { return aggregate(family.of(b, x), b, "token"); }};
        CHECK(at::equal(evaluate(loss, c).gradient, evaluate(reinforce, c).gradient));
      }
    }
  }
}

TEST_CASE("for completions of one token GSPO is PPO, in ratio, loss and gradient") {
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    const Case c = random_case(i, /*longest=*/1);
    const at::Tensor counted = c.b.mask.gt(0);
    check_close(sequence_ratio(c.x, c.b).masked_select(counted), ratio(c.x, c.b.logp_old).masked_select(counted));
    const auto loss = [&](bool sequence) {
      return Loss{"", [sequence](const Batch& b, const at::Tensor& x) {
                    return aggregate(clipped_surrogate(sequence ? sequence_ratio(x, b) : ratio(x, b.logp_old), b.advantage, 0.2, 0.2), b,
                                     "token");
                  }};
    };
    const Value gspo = evaluate(loss(true), c), ppo = evaluate(loss(false), c);
    CHECK(gspo.loss == doctest::Approx(ppo.loss).epsilon(1e-12));
    check_close(gspo.gradient, ppo.gradient);
  }
}

TEST_CASE("truncated importance is never above its cap, and the plain ratio below it") {
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    const Case c = random_case(i);
    for (const double cap : {0.5, 1.0, 2.0}) {
      const at::Tensor weight = truncated_importance(c.x * 10, c.b.logp_old, cap), rho = ratio(c.x * 10, c.b.logp_old);
      CHECK(weight.max().item<double>() <= cap);
      CHECK(at::equal(weight, at::where(rho.lt(cap), rho, at::full_like(rho, cap))));
    }
  }
}

TEST_CASE("k3 is not negative, and 0 where the two agree") {
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    Rng rng(4, {i});
    const at::Tensor a = uniform(rng, 1000, -40, 0), d = uniform(rng, 1000, -1, 1).pow(5) * 30;
    CHECK(k3(a, a + d).min().item<double>() >= -1e-15);
    CHECK(k3(a, a).eq(0).all().item<bool>());
  }
}

// ---- advantages ----

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
      const bool first = t == 0 || c.b.episode[t - 1].item<std::int64_t>() != c.b.episode[t].item<std::int64_t>();
      if (first && e >= 0) CHECK(returns[e].item<double>() == doctest::Approx(sums[c.b.episode[t]].item<double>()).epsilon(1e-12));
      if (first) e = -1;
    }
  }
}

TEST_CASE("leave-one-out and group advantages sum to 0 in every group") {
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    const Batch b = random_case(i).b;
    const auto sums = [&](const at::Tensor& advantage) { return at::zeros({b.groups()}, at::kDouble).index_add(0, b.group, advantage); };
    CHECK(sums(leave_one_out(b.reward, b.group, b.usable)).abs().max().item<double>() < 1e-12);
    CHECK(sums(group_advantage(b.reward, b.group, b.usable, true, 1e-6)).abs().max().item<double>() < 1e-12);
  }
}

TEST_CASE("group advantages do not change when rewards are scaled and shifted, nor with the order or numbers of episodes and groups") {
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
                                        group_advantage(reward, b.group, b.usable, false, 0), leave_one_out(reward, b.group, b.usable)}) {
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
    const at::Tensor advantage = group_advantage(b.reward, b.group, b.usable, true, 1e-6), spread = has_spread(b.reward, b.group, b.usable);
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

TEST_CASE("process advantages sum to 0 over a group of completions of equal length, and are 0 for groups of one") {
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    Rng rng(8, {i});
    const Batch b = random_case(i, /*longest=*/1).b;
    const at::Tensor mask = b.usable.index_select(0, b.episode).to(at::kDouble), reward = uniform(rng, b.tokens(), -1, 1);
    for (const bool leave_one_out : {true, false}) {
      const at::Tensor advantage = process_advantage(reward, mask, b.episode, b.group, b.usable, leave_one_out);
      const at::Tensor of_tokens = b.group.index_select(0, b.episode);
      CHECK(at::zeros({b.groups()}, at::kDouble).index_add(0, of_tokens, advantage).abs().max().item<double>() < 1e-12);
      for (const auto& members : members_of(b.group, b.usable))
        if (members.size() == 1) CHECK(advantage.masked_select(b.episode.eq(members[0])).eq(0).all().item<bool>());
    }
  }
}
