// The primitives of algorithms against golden numbers, in double and in float. Origin and rules:
// tests/golden/algorithms/README.md.

#include "tinyzero/primitives.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "core/eval/statistics.h"
#include "support/golden.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/primitives");

namespace {

// A case in one floating type; its sequences are packed as in a Batch.
class Case {
 public:
  Case(const Json& json, at::ScalarType type) : json_(json), type_(type) {
    const Json& inputs = json["inputs"];
    if (!inputs.contains("mask")) return;
    std::vector<std::int64_t> episode;
    std::int64_t row = 0;
    for (const Json& sequence : inputs["mask"]) {
      episode.insert(episode.end(), sequence.size(), row);
      ++row;
    }
    batch.mask = tokens("mask");
    batch.episode = at::tensor(episode, at::kLong);
    batch.reward = at::zeros({row}, at::kDouble);
    batch.all.tokens = batch.mask.sum().item<double>();
    batch.all.episodes = episode_sums(batch.mask, batch.episode, row).gt(0).sum().item<double>();
    batch.all.samples = static_cast<double>(row);
  }

  bool is_double() const { return type_ == at::kDouble; }
  const Json& options() const { return json_["options"]; }
  const Json& input(const char* name) const { return json_["inputs"][name]; }
  const Json& expected(const char* name) const { return json_["expected"][name]; }
  double number(const char* option) const { return options()[option].get<double>(); }
  std::optional<double> maybe(const char* option) const {
    return options()[option].is_null() ? std::nullopt : std::optional(number(option));
  }
  std::string text(const char* option) const { return options()[option].get<std::string>(); }

  at::Tensor tokens(const char* name) const { return flat(input(name)).to(type_); }
  at::Tensor variable(const char* name) const { return tokens(name).requires_grad_(true); }
  at::Tensor episodes(const char* name) const { return flat(input(name)); }  // f64
  // Labels as numbers from 0, in the order of their first appearance.
  at::Tensor groups() const {
    std::map<std::string, std::int64_t> number;
    std::vector<std::int64_t> out;
    for (const Json& label : input("groups"))
      out.push_back(
          number.try_emplace(label.dump(), static_cast<std::int64_t>(number.size())).first->second);
    return at::tensor(out, at::kLong);
  }

  at::Tensor aggregated(const at::Tensor& terms) const {
    static const std::map<std::string, std::string> kNames = {
        {"token_mean", "token"},
        {"seq_mean_token_mean", "sequence"},
        {"seq_mean_token_sum", "sequence_sum"},
        {"constant", "constant"}};
    return aggregate(terms, batch, kNames.at(text("aggregation")),
                     options().value("constant_length", 1.0));
  }

  void check(const at::Tensor& got, const char* name) const {
    check(got, flat(expected(name)), name);
  }
  void check_masked(const at::Tensor& got, const char* name) const {
    check(got * batch.mask, name);
  }
  void check(double got, const char* name) const {
    if (expected(name).is_null()) return;
    check(at::tensor(std::vector<double>{got}, at::kDouble),
          at::tensor(std::vector<double>{expected(name).get<double>()}, at::kDouble), name);
  }

  Batch batch;

 private:
  static void append(const Json& json, std::vector<double>& out) {
    if (json.is_array()) {
      for (const Json& element : json) append(element, out);
    } else {
      out.push_back(json.is_boolean() ? (json.get<bool>() ? 1.0 : 0.0) : json.get<double>());
    }
  }
  static at::Tensor flat(const Json& json) {
    std::vector<double> out;
    append(json, out);
    return at::tensor(out, at::kDouble);
  }

  void check(const at::Tensor& got, const at::Tensor& wanted, const char* name) const {
    const std::string field = name;
    CAPTURE(field);
    REQUIRE(got.numel() == wanted.numel());
    const Json& t = json_["tolerance"];
    const double absolute = t[is_double() ? "abs_double" : "abs"],
                 relative = t[is_double() ? "rel_double" : "rel"];
    const at::Tensor g = got.detach().to(at::kDouble).reshape({-1}),
                     off = (g - wanted).abs() - (absolute + relative * wanted.abs());
    CHECK(g.isfinite().all().item<bool>());
    CHECK(off.max().item<double>() <= 0);
  }

  const Json& json_;
  at::ScalarType type_;
};

void for_each_case(const std::string& family, const std::function<void(const Case&)>& run) {
  const fs::path path = golden_folder() / "algorithms" / (family + ".json");
  const Json file = parse_json(read_file(path), path.string());
  int cases = 0;
  for (const Json& json : file["cases"]) {
    for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
      const std::string name = json["name"];
      CAPTURE(name);
      const std::string precision = at::toString(type);
      CAPTURE(precision);
      run(Case(json, type));
    }
    ++cases;
  }
  CHECK(cases > 0);
}

at::Tensor all_usable(const at::Tensor& group) { return at::ones_like(group, at::kBool); }

}  // namespace

TEST_CASE("advantages of groups") {
  for_each_case("advantages_group", [](const Case& c) {
    const std::string estimator = c.text("estimator");
    if (estimator == "reinforce_pp") {
      const at::Tensor returns =
          return_to_go(c.tokens("token_rewards"), c.batch.mask, c.batch.episode, c.number("gamma"));
      c.check(returns, "token_returns");
      return c.check(whiten(returns, c.batch.mask), "token_advantages");
    }
    const at::Tensor reward = c.episodes("rewards"), group = c.groups(), usable = all_usable(group);
    if (estimator == "grpo")
      return c.check(group_advantage(reward, group, usable, true, c.number("eps"),
                                     static_cast<int>(c.number("ddof"))),
                     "advantages");
    if (estimator == "rloo") return c.check(leave_one_out(reward, group, usable), "advantages");
    const at::Tensor centred = group_advantage(reward, group, usable, false, 0);
    if (estimator == "dr_grpo") return c.check(centred, "advantages");
    REQUIRE(estimator == "reinforce_pp_baseline");
    c.check(centred, "centered_rewards");
    const at::Tensor lengths = c.episodes("lengths").to(at::kLong),
                     episode = at::repeat_interleave(lengths);
    const at::Tensor white =
        whiten(centred.index_select(0, episode), at::ones_like(episode, at::kDouble));
    const at::Tensor first = lengths.cumsum(0) - lengths;
    c.check(white.index_select(0, first), "advantages");
  });
}

TEST_CASE("generalized advantages") {
  for_each_case("gae", [](const Case& c) {
    const Gae gae =
        generalized_advantage(c.tokens("token_rewards"), c.tokens("values"), c.batch.mask,
                              c.batch.episode, c.number("gamma"), c.number("lambda"));
    c.check(gae.advantage, "advantages_raw");
    c.check(gae.returns, "returns");
    c.check(c.options()["whiten"].get<bool>() ? whiten(gae.advantage, c.batch.mask) : gae.advantage,
            "advantages");
  });
}

TEST_CASE("policy losses") {
  for_each_case("policy_loss", [](const Case& given) {
    Case c = given;
    const at::Tensor logp = c.variable("logp"), advantage = c.tokens("advantages");
    c.batch.logp_old = c.tokens("old_logp");
    const std::string kind = c.text("loss");
    const double low = c.number("clip_low"), high = c.number("clip_high");
    const at::Tensor rho =
        kind == "gspo" ? sequence_ratio(logp, c.batch) : ratio(logp, c.batch.logp_old);
    at::Tensor terms = kind == "cispo" ? clipped_importance(rho, logp, advantage, low, high)
                                       : clipped_surrogate(rho, advantage, low, high);
    at::Tensor clipped = kind == "cispo" ? rho.lt(1 - low).logical_or(rho.gt(1 + high))
                                         : is_clipped(rho, advantage, low, high);
    at::Tensor lower = at::zeros_like(rho);
    if (const auto dual = c.maybe("dual_clip")) {
      lower = at::logical_and(advantage.lt(0), terms.gt(-*dual * advantage));
      terms = dual_clipped(terms, advantage, *dual);
    }
    const at::Tensor loss = c.aggregated(terms);
    loss.backward();
    c.check(loss, "loss");
    c.check_masked(terms, "token_loss");
    c.check(logp.grad(), "grad_logp");
    c.check(masked_mean(clipped, c.batch.mask), "clip_fraction");
    c.check(masked_mean(lower, c.batch.mask), "clip_fraction_lower");
    c.check(masked_mean(c.batch.logp_old - logp, c.batch.mask), "approx_kl");
  });
}

TEST_CASE("divergence from a reference, in the loss and in the reward") {
  for_each_case("kl", [](const Case& c) {
    const std::string mode = c.text("mode");
    if (mode == "controller") {
      std::vector<double> betas;
      double beta = c.number("beta");
      for (std::size_t i = 0; i < c.input("kl").size(); ++i) {
        beta = adapted_kl_weight(beta, c.input("kl")[i], c.number("target"), c.input("n_steps")[i],
                                 c.number("horizon"));
        betas.push_back(beta);
      }
      return c.check(at::tensor(betas, at::kDouble), "betas");
    }
    if (mode == "loss") {
      const at::Tensor logp = c.variable("logp");
      const auto estimate = [&](const std::string& kind) {
        const at::Tensor out =
            kl_terms(logp, c.tokens("ref_logp"),
                     {.kind = kind, .clamp_log_ratio = c.maybe("clamp_log_ratio")});
        const auto bound = c.maybe("clamp_value");
        return bound ? out.clamp(-*bound, *bound) : out;
      };
      const at::Tensor value = estimate(c.text("kind"));
      const std::string gradient = c.text("gradient");
      const at::Tensor taught = gradient.empty() ? value : estimate(gradient);
      const at::Tensor terms = taught - taught.detach() + value.detach();
      const at::Tensor kl = c.aggregated(terms);
      kl.backward();
      c.check_masked(terms, "token_kl");
      c.check(kl, "kl");
      return c.check(logp.grad(), "grad_logp");
    }
    REQUIRE(mode == "reward");
    const at::Tensor terms =
        kl_terms(c.tokens("old_logp"), c.tokens("ref_logp"), {.kind = c.text("kind")});
    const double beta = c.number("beta"), kl = aggregate(terms, c.batch, "sequence").item<double>();
    c.check_masked(
        on_last_token(c.episodes("scores"), c.batch.mask, c.batch.episode) - beta * terms,
        "token_rewards");
    c.check(kl, "kl");
    c.check(c.text("controller") == "fixed"
                ? beta
                : adapted_kl_weight(beta, kl, c.number("target"), c.batch.all.samples,
                                    c.number("horizon")),
            "next_beta");
  });
}

TEST_CASE("losses of a critic") {
  for_each_case("value_loss", [](const Case& c) {
    const at::Tensor value = c.variable("values"), old = c.tokens("old_values"),
                     returns = c.tokens("returns");
    const at::Tensor terms = value_terms(value, old, returns, c.maybe("clip"));
    const at::Tensor loss = c.aggregated(terms);
    loss.backward();
    c.check(loss, "loss");
    c.check_masked(terms, "token_loss");
    c.check(value.grad(), "grad_values");
    c.check(masked_mean(terms.gt(value_terms(value, old, returns, {})), c.batch.mask),
            "clip_fraction");
  });
}

TEST_CASE("entropy") {
  for_each_case("entropy", [](const Case& c) {
    const std::int64_t tokens = c.batch.mask.size(0);
    const at::Tensor logits = c.tokens("logits").reshape({tokens, -1}).requires_grad_(true);
    const at::Tensor terms = entropy_of(logits, c.number("temperature"));
    const at::Tensor entropy = c.aggregated(terms);
    entropy.backward();
    c.check_masked(terms, "token_entropy");
    c.check(entropy, "entropy");
    c.check(logits.grad(), "grad_logits");
  });
}

TEST_CASE("entropy in f32 keeps its digits where logits share an offset or lie far apart") {
  struct Logits {
    const char* what;
    std::vector<double> values;  // exact in f32
    double temperature;
  };
  const Logits cases[] = {{"offset", {8192.5, 8191.25, 8190.0, 8193.75}, 1.0},
                          {"negative offset", {-1048576.5, -1048575.0, -1048577.25}, 1.0},
                          {"offset and temperature", {8192.5, 8191.25, 8190.0, 8193.75}, 0.7},
                          {"huge range", {0.5, -3e38, 1.25, 0.0}, 1.0},
                          {"beyond the largest float apart", {3e38, -3e38, 3e38}, 1.0},
                          {"all equal", {4096.0, 4096.0, 4096.0, 4096.0}, 1.0},
                          {"nearly certain", {100.0, 0.0, -100.0}, 1.0}};
  for (const Logits& c : cases) {
    CAPTURE(c.what);
    const double largest = *std::max_element(c.values.begin(), c.values.end());
    double sum = 0, entropy = 0;
    for (const double z : c.values) sum += std::exp((z - largest) / c.temperature);
    const auto log_p = [&](double z) { return (z - largest) / c.temperature - std::log(sum); };
    for (const double z : c.values)
      entropy -= std::exp(log_p(z)) > 0 ? std::exp(log_p(z)) * log_p(z) : 0.0;
    const at::Tensor logits =
        at::tensor(c.values, at::kDouble).to(at::kFloat).unsqueeze(0).requires_grad_(true);
    const at::Tensor measured = entropy_of(logits, c.temperature);
    CHECK(measured.item<double>() == doctest::Approx(entropy).epsilon(1e-6));
    measured.sum().backward();
    for (std::size_t i = 0; i < c.values.size(); ++i) {  // dH/dz = -p (log p + H) / T
      const double p = std::exp(log_p(c.values[i])),
                   expected = p > 0 ? -p * (log_p(c.values[i]) + entropy) / c.temperature : 0.0;
      CHECK(logits.grad()[0][static_cast<std::int64_t>(i)].item<double>() ==
            doctest::Approx(expected).epsilon(1e-5));
    }
  }
}

TEST_CASE("entropy in f32 keeps its digits over a large vocabulary") {
  constexpr std::int64_t kTokens = 32000;
  const at::Tensor place = at::arange(kTokens, at::kDouble), steps = (place * 7919).remainder(32);
  const at::Tensor logits = (steps / 4).unsqueeze(0),
                   log_p = logits.log_softmax(-1);  // exact in f32
  const double expected = -(log_p.exp() * log_p).sum().item<double>();
  for (const double offset : {0.0, 1048576.0})
    CHECK(std::abs(entropy_of((logits + offset).to(at::kFloat), 1.0).item<double>() - expected) <
          1e-5);
}

TEST_CASE("k3 in f32 keeps its digits where policy and reference nearly agree") {
  for (const double d : {0x1p-12, 0x1p-9, -0x1p-11, 0.25}) {
    const double expected = std::expm1(-d) + d;
    const at::Tensor zero = at::zeros({1}, at::kFloat);
    CHECK(k3(zero + d, zero).item<double>() == doctest::Approx(expected).epsilon(1e-3));
  }
}

TEST_CASE("rewards of an implicit process reward model") {
  for_each_case("prime", [](const Case& c) {
    const std::string stage = c.text("stage");
    const Batch& b = c.batch;
    if (stage == "implicit_reward_and_loss") {
      const at::Tensor logp = c.variable("logp_prm"), label = c.tokens("acc");
      const at::Tensor q = implicit_reward(logp, c.tokens("logp_ref"), b.mask, c.number("beta"));
      const at::Tensor logits = episode_sums(q, b.episode, b.episodes());
      const at::Tensor loss = classification_terms(logits, label).mean();
      loss.backward();
      at::Tensor rewards = q.detach();
      if (c.text("last_token") == "zero")
        rewards = rewards - on_last_token(at::ones({b.episodes()}), b.mask, b.episode) * rewards;
      c.check(rewards, "token_rewards");
      c.check(logits, "logits");
      c.check(loss, "loss");
      c.check(logp.grad(), "grad_logp_prm");
      return c.check(logits.gt(0).eq(label.gt(0.5)).to(at::kDouble).mean().item<double>(),
                     "accuracy");
    }
    if (stage == "normalise") {
      const double scale = process_reward_scale(c.tokens("token_rewards"), b.mask, b.episode);
      c.check(scale, "scale");
      return c.check_masked(c.tokens("token_rewards") / (scale + c.number("eps")), "token_rewards");
    }
    if (stage == "filter") {
      return c.check(group_is_kept(c.episodes("acc"), c.groups(), all_usable(c.groups()),
                                   c.episodes("truncated").gt(0), c.number("low"), c.number("high"),
                                   c.options()["drop_truncated"].get<bool>()),
                     "keep");
    }
    REQUIRE(stage == "advantages");
    const at::Tensor group = c.groups(), usable = all_usable(group);
    const at::Tensor process =
        c.number("process_coef") * process_advantage(c.tokens("token_rewards"), b.mask, b.episode,
                                                     group, usable,
                                                     c.text("baseline") == "leave_one_out");
    const at::Tensor outcome =
        c.number("outcome_coef") * leave_one_out(c.episodes("acc"), group, usable);
    const at::Tensor returns = return_to_go(process + on_last_token(outcome, b.mask, b.episode),
                                            b.mask, b.episode, c.number("gamma"));
    c.check(process, "process_rewards");
    c.check(outcome, "outcome_rewards");
    c.check(returns, "returns");
    c.check(c.options()["whiten"].get<bool>() ? whiten(returns, b.mask) : returns, "advantages");
  });
}

TEST_CASE("penalties of long completions") {
  for_each_case("overlong", [](const Case& c) {
    c.check(overlong_penalty(c.episodes("lengths"), c.number("max_length"), c.number("buffer"),
                             c.number("penalty_factor")),
            "penalties");
  });
}

TEST_CASE("pass@k") {
  for_each_case("passk", [](const Case& c) {
    double sum = 0;
    std::int64_t valid = 0;
    for (std::size_t i = 0; i < c.input("num_samples").size(); ++i) {
      const double got = pass_at_k(c.input("num_samples")[i], c.input("num_correct")[i],
                                   static_cast<std::int64_t>(c.number("k")));
      const Json& wanted = c.expected("pass_at_k")[i];
      CHECK(std::isnan(got) == wanted.is_null());
      if (wanted.is_null()) continue;
      CHECK(got == doctest::Approx(wanted.get<double>()).epsilon(1e-9));
      sum += got;
      ++valid;
    }
    CHECK(valid == c.expected("num_valid").get<std::int64_t>());
    if (valid > 0) c.check(sum / static_cast<double>(valid), "mean");
  });
}
