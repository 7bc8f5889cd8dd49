// What must hold of losses for any batch: the properties that the papers' formulas have.

#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "core/algorithm/frozen_constants.h"
#include "support/random_batch.h"

using namespace tinyzero;
using namespace tinyzero::properties;

TEST_SUITE_BEGIN("sdk/loss_properties");

namespace {

constexpr std::uint64_t kBatches = 40, kLossBatches = 10;

// A loss: one number from a batch and the variable.
struct Loss {
  std::string name;
  std::function<at::Tensor(const Batch&, const at::Tensor&)> of;
};

const std::vector<Loss>& terms() {
  static const auto kl = [](KlOptions options) {
    return [options](const Batch& b, const at::Tensor& x) {
      return kl_terms(x, b.added.at("reference"), options);
    };
  };
  static const auto value = [](std::optional<double> clip) {
    return [clip](const Batch& b, const at::Tensor& x) {
      return value_terms(x, b.added.at("value_old"), b.added.at("returns"), clip);
    };
  };
  static const std::vector<Loss> kTerms = {
      {"clipped",
       [](const Batch& b, const at::Tensor& x) {
         return clipped_surrogate(ratio(x, b.logp_old), b.advantage, 0.2, 0.28);
       }},
      {"dual",
       [](const Batch& b, const at::Tensor& x) {
         return dual_clipped(clipped_surrogate(ratio(x, b.logp_old), b.advantage, 0.2, 0.28),
                             b.advantage, 1.3);
       }},
      {"gspo",
       [](const Batch& b, const at::Tensor& x) {
         return clipped_surrogate(sequence_ratio(x, b), b.advantage, 0.2, 0.2);
       }},
      {"cispo",
       [](const Batch& b, const at::Tensor& x) {
         return clipped_importance(ratio(x, b.logp_old), x, b.advantage, 0.5, 0.28);
       }},
      {"k1", kl({.kind = "k1"})},
      {"k2", kl({.kind = "k2"})},
      {"k3", kl({.kind = "k3", .clamp_log_ratio = 20.0})},
      {"k3, clamped", kl({.kind = "k3", .clamp_log_ratio = 0.7})},
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
      out.push_back({family.name + ", " + how, [&family, how](const Batch& b, const at::Tensor& x) {
                       return aggregate(family.of(b, x), b, how, 7.0);
                     }});
  out.push_back({"classifier", [](const Batch& b, const at::Tensor& x) {
                   const at::Tensor logit = episode_sums(x * b.mask, b.episode, b.episodes());
                   const at::Tensor counts = episode_sums(b.mask, b.episode, b.episodes()).gt(0);
                   return (classification_terms(logit, b.right.to(at::kDouble)) * counts).sum() /
                          std::max(b.all.episodes, 1.0);
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

void for_losses(const std::function<void(const Loss&, const Case&, std::uint64_t)>& work) {
  for (const Loss& loss : all_losses()) {
    CAPTURE(loss.name);
    for (std::uint64_t i = 0; i < kLossBatches; ++i) {
      CAPTURE(i);
      work(loss, random_case(i), i);
    }
  }
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
    const auto disturb = [&](at::Tensor& t) {
      t = at::where(masked, t + uniform(rng, t.size(0), -3, 3), t);
    };
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

// Parts that detach() makes constant stay as they are while x moves; where a clip begins there is
// no derivative.
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
      const double above = (at_offset(kStep) - middle) / kStep,
                   below = (middle - at_offset(-kStep)) / kStep;
      const bool kink = std::abs(above - below) > 1e-3;
      ++(kink ? kinks : compared);
      if (!kink)
        CHECK(gradient[t].item<double>() ==
              doctest::Approx((above + below) / 2).epsilon(1e-6).scale(1));
    }
  });
  CHECK(compared > 3000);
  CHECK(kinks * 100 < compared);
}

// ---- ratios ----

TEST_CASE("at ratio 1 every surrogate has exactly the gradient of REINFORCE") {
  const Loss reinforce{"", [](const Batch& b, const at::Tensor& x) {
                         return aggregate(-b.advantage * x, b, "token");
                       }};
  for (const char* name : {"clipped", "dual", "cispo"}) {
    CAPTURE(name);
    for (const Loss& family : terms()) {
      if (family.name != name) continue;
      for (std::uint64_t i = 0; i < kBatches; ++i) {
        Case c = random_case(i);
        c.x = c.b.logp_old.clone();
        const Loss loss{name, [&](const Batch& b, const at::Tensor& x) {
                          return aggregate(family.of(b, x), b, "token");
                        }};
        CHECK(at::equal(evaluate(loss, c).gradient, evaluate(reinforce, c).gradient));
      }
    }
  }
}

TEST_CASE("for completions of one token GSPO is PPO, in ratio, loss and gradient") {
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    const Case c = random_case(i, /*longest=*/1);
    const at::Tensor counted = c.b.mask.gt(0);
    check_close(sequence_ratio(c.x, c.b).masked_select(counted),
                ratio(c.x, c.b.logp_old).masked_select(counted));
    const auto loss = [&](bool sequence) {
      return Loss{"", [sequence](const Batch& b, const at::Tensor& x) {
                    return aggregate(
                        clipped_surrogate(sequence ? sequence_ratio(x, b) : ratio(x, b.logp_old),
                                          b.advantage, 0.2, 0.2),
                        b, "token");
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
      const at::Tensor weight = importance_weights(c.x * 10, c.b, {.cap = cap}),
                       rho = ratio(c.x * 10, c.b.logp_old);
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
