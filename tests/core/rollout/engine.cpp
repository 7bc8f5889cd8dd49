// The CPU engine: right (against golden numbers of transformers), and independent of everything
// that is not its input.

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "core/base/error.h"
#include "core/base/random_streams.h"
#include "core/model/folder.h"
#include "core/rollout/cpu/engine.h"
#include "core/rollout/not_finite.h"
#include "core/rollout/sampler.h"
#include "support/golden.h"
#include "support/small_model.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/engine");

namespace {

using Ids = std::vector<std::int32_t>;

// Kernels of this machine whose words hold one number (f32) or two (bf16); 0: all.
std::vector<std::string> kernel_list(Index pair) {
  std::vector<std::string> names;
  for (const char* name : kernel_names()) {
    if (pair == 0 || kernels(name).numbers_per_word == pair) names.push_back(name);
  }
  return names;
}

Model small_model(std::int64_t kv_heads = 2, std::int64_t width = 48) {
  return random_model({.width = width,
                       .kv_heads = kv_heads,
                       .head_dim = 12,
                       .mlp = width + 8,
                       .vocab = 61,
                       .context = 200,
                       .eos = {7},
                       .seed = 3,
                       .scale = 6.0f});
}

std::vector<Prompt> some_prompts() {
  std::vector<Prompt> prompts;
  for (std::int32_t i = 0; i < 9; ++i) {
    Ids ids;
    for (std::int32_t k = 0; k <= (i * 13) % 70; ++k) ids.push_back((k * 7 + i) % 61);
    prompts.push_back({ids, 1 + i % 4});
  }
  return prompts;
}

Sampling some_sampling() { return {40, 0.9, {7}, 11, RandomStream::rollout, 5}; }

bool same(const std::vector<Episode>& a, const std::vector<Episode>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].tokens != b[i].tokens || a[i].logp != b[i].logp || a[i].end != b[i].end ||
        a[i].prompt != b[i].prompt || a[i].sample != b[i].sample)
      return false;
  }
  return true;
}

}  // namespace

// Numbers of transformers and of an independent float64 implementation; see
// tests/golden/hf/README.md.
TEST_CASE("golden logits, log-probs and greedy tokens") {
  for (const fs::path& folder : golden_models()) {
    const Model model = load_model(folder);
    const Json logits = parse_json(read_file(folder / "golden" / "logits.json"), "logits.json");
    const Json greedy = parse_json(read_file(folder / "golden" / "greedy.json"), "greedy.json");
    const double abs_tolerance = logits["tolerance"]["abs"],
                 rel_tolerance = logits["tolerance"]["rel"];
    for (const std::string& name : kernel_list(1)) {
      CAPTURE(folder.string());
      CAPTURE(name);
      CpuEngine engine(model, {2, 0, name});
      for (const Json& prompt : logits["prompts"]) {
        CAPTURE(prompt["name"].get<std::string>());
        Ids ids = prompt["ids"];
        const std::vector<double> expected = prompt["last_logits_float64"];
        const auto got = engine.last_logits(ids);
        REQUIRE(got.size() == expected.size());
        double worst = 0;
        for (std::size_t i = 0; i < expected.size(); ++i)
          worst = std::max(worst,
                           std::abs(got[i] - expected[i]) - rel_tolerance * std::abs(expected[i]));
        CHECK(worst <= abs_tolerance);

        const std::vector<double> logp = prompt["continuation_logprobs_float64"];
        const std::size_t first = ids.size() - 1;
        for (const std::int32_t id : prompt["continuation"]) ids.push_back(id);
        const auto scores = engine.score({ids}, 1.0).front();
        REQUIRE(scores.size() == first + logp.size());
        for (std::size_t i = 0; i < logp.size(); ++i)
          CHECK(std::abs(scores[first + i] - logp[i]) <=
                abs_tolerance + rel_tolerance * std::abs(logp[i]));
      }
      std::vector<Prompt> prompts;
      for (const Json& prompt : greedy["prompts"]) prompts.push_back({prompt["ids"], 1});
      const auto episodes = engine.generate(prompts, {40, 0.0, {}, 1, RandomStream::generation, 0});
      for (std::size_t i = 0; i < prompts.size(); ++i)
        CHECK(episodes[i].tokens == greedy["prompts"][i]["tokens"].get<Ids>());
    }
  }
}

TEST_CASE("tokens do not depend on wave, threads, or the company of other prompts") {
  const Model model = small_model();
  const auto prompts = some_prompts();
  for (const std::string& name : kernel_list(0)) {
    CAPTURE(name);
    CpuEngine one(model, {1, 1, name});
    const auto expected = one.generate(prompts, some_sampling());
    for (const std::int64_t wave : {2, 3, 12, 64, 128}) {
      for (const std::int64_t threads : {1, 2, 3}) {
        CpuEngine engine(model, {threads, wave, name});
        CHECK(same(engine.generate(prompts, some_sampling()), expected));
      }
    }
    CHECK(one.generate({prompts[0]}, some_sampling()).front().tokens == expected.front().tokens);
  }
}

TEST_CASE("tokens and log-probs do not depend on how many threads share a pass") {
  const Model model = small_model(2, 640);  // so wide that threads share rows too
  auto prompts = some_prompts();
  prompts.push_back({Ids(90, 5), 40});
  for (const std::string& name : kernel_list(0)) {
    if (name.starts_with("scalar")) continue;  // too slow for this width, and one for all threads
    CAPTURE(name);
    CpuEngine alone(model, {1, 3, name});
    const auto expected = alone.generate(prompts, some_sampling());
    for (const std::int64_t team : {2, 3}) {
      CpuEngine shared(model, {3, 48, name, false, team});
      CHECK(same(shared.generate(prompts, some_sampling()), expected));
      CHECK(shared.score({prompts[8].ids, prompts[1].ids}, 0.7) ==
            alone.score({prompts[8].ids, prompts[1].ids}, 0.7));
      CHECK(shared.last_logits(prompts[8].ids) == alone.last_logits(prompts[8].ids));
    }
  }
}

TEST_CASE(
    "completions that are wanted alone are those of the whole call, and each is told as it ends") {
  const Model model = small_model();
  const auto prompts = some_prompts();
  CpuEngine engine(model, {2, 3});
  const auto whole = engine.generate(prompts, some_sampling());
  // The second half of the samples of every prompt but the first.
  std::vector<Prompt> some;
  std::vector<Episode> expected;
  for (std::size_t p = 1; p < prompts.size(); ++p) {
    const std::int64_t first = prompts[p].samples / 2;
    some.push_back(
        {prompts[p].ids, prompts[p].samples - first, static_cast<std::int64_t>(p), first});
    for (const Episode& episode : whole) {
      if (episode.prompt == static_cast<std::int64_t>(p) && episode.sample >= first)
        expected.push_back(episode);
    }
  }
  Sampling sampling = some_sampling();
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::int32_t>> told;
  sampling.on_episode = [&](const Episode& e) { told[{e.prompt, e.sample}] = e.tokens; };
  const auto got = engine.generate(some, sampling);
  REQUIRE(got.size() == expected.size());
  CHECK(told.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CHECK(got[i].prompt + 1 == expected[i].prompt);  // its place in the call
    CHECK(got[i].sample == expected[i].sample);
    CHECK(got[i].tokens == expected[i].tokens);
    CHECK(got[i].logp == expected[i].logp);
    CHECK(told.at({got[i].prompt, got[i].sample}) == got[i].tokens);
  }
}

TEST_CASE("a call ends where it is asked to, and the engine works as before") {
  const Model model = small_model();
  const auto prompts = some_prompts();
  CpuEngine engine(model, {2, 3});
  const auto expected = engine.generate(prompts, some_sampling());
  StopWish wish{0};
  Sampling sampling = some_sampling();
  sampling.stop = &wish;
  std::size_t ended = 0;
  sampling.on_episode = [&](const Episode&) { wish = ++ended == 5 ? 1 : 0; };
  CHECK_THROWS_AS(engine.generate(prompts, sampling), Interrupted);
  CHECK(ended < expected.size());
  CHECK(same(engine.generate(prompts, some_sampling()), expected));
}

TEST_CASE("a wave chosen by trying gives the same tokens") {
  const Model model = small_model();
  const std::vector<Prompt> prompts(70, Prompt{{1, 2, 3}, 8});  // more than it takes to try
  CpuEngine tried(model, {2}), given(model, {1, 5});
  CHECK(same(tried.generate(prompts, some_sampling()), given.generate(prompts, some_sampling())));
}

TEST_CASE(
    "log-probs in bf16 stay near those in f32, and the implementations of bf16 near each other") {
  for (const fs::path& folder : golden_models()) {
    const Model model = load_model(folder);
    const Json logits = parse_json(read_file(folder / "golden" / "logits.json"), "logits.json");
    for (const std::string& name : kernel_list(2)) {
      CAPTURE(folder.string());
      CAPTURE(name);
      CpuEngine engine(model, {2, 0, name}), exact(model, {2, 0, "scalar"}),
          reference(model, {2, 0, "scalar-bf16"});
      double gap = 0, distance = 0, count = 0;
      for (const Json& prompt : logits["prompts"]) {
        const Ids ids = prompt["ids"];
        if (ids.size() < 2) continue;
        const auto a = engine.score({ids}, 1.0).front(), b = exact.score({ids}, 1.0).front(),
                   c = reference.score({ids}, 1.0).front();
        for (std::size_t i = 0; i < a.size(); ++i, ++count) {
          gap += std::abs(a[i] - b[i]);
          distance += std::abs(a[i] - c[i]);
        }
      }
      CHECK(gap / count < 0.05);
      CHECK(gap > 0);
      CHECK(distance / count < 0.03);
      MESSAGE(name << ": mean distance " << gap / count << " from f32, " << distance / count
                   << " from scalar-bf16");
    }
  }
}

TEST_CASE("top-k and top-p at their edges") {
  std::vector<std::int32_t> order;
  const std::vector<float> start = {1, 4, 0, 4, 2, 5};
  const auto kept = [&](std::int64_t k, double p) {
    std::vector<float> w = start;
    const double sum = keep_likeliest(w.data(), 6, 16.0, k, p, order);
    CHECK(sum == doctest::Approx(std::accumulate(w.begin(), w.end(), 0.0)));
    return w;
  };
  using W = std::vector<float>;
  CHECK(kept(0, 1.0) == start);
  CHECK(kept(6, 1.0) == start);
  CHECK(kept(7, 1.0) == start);
  CHECK(kept(1, 1.0) == W{0, 0, 0, 0, 0, 5});
  CHECK(kept(2, 1.0) == W{0, 4, 0, 0, 0, 5});  // of equals the earlier
  CHECK(kept(3, 1.0) == W{0, 4, 0, 4, 0, 5});
  CHECK(kept(0, 0.0) == W{0, 0, 0, 0, 0, 5});       // one always stays
  CHECK(kept(0, 5.0 / 16) == W{0, 0, 0, 0, 0, 5});  // reached exactly
  CHECK(kept(0, 5.01 / 16) == W{0, 4, 0, 0, 0, 5});
  CHECK(kept(0, 13.0 / 16) == W{0, 4, 0, 4, 0, 5});
  CHECK(kept(0, 15.5 / 16) == W{1, 4, 0, 4, 2, 5});
  CHECK(kept(3, 9.0 / 13) == W{0, 4, 0, 0, 0, 5});  // p of what k leaves

  const Model model = small_model();
  CpuEngine engine(model, {});
  Sampling greedy = some_sampling(), one = some_sampling(), tiny = some_sampling();
  greedy.temperature = 0;
  one.top_k = 1;
  tiny.top_p = 1e-6;
  const auto expected = engine.generate(some_prompts(), greedy),
             by_k = engine.generate(some_prompts(), one),
             by_p = engine.generate(some_prompts(), tiny);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(by_k[i].tokens == expected[i].tokens);
    CHECK(by_p[i].tokens == expected[i].tokens);
    for (const float logp : by_k[i].logp) CHECK(logp == 0.0f);  // certain
  }
}

TEST_CASE("other seeds, steps and purposes give other tokens") {
  const Model model = small_model();
  CpuEngine engine(model, {});
  const auto prompts = some_prompts();
  const auto base = engine.generate(prompts, some_sampling());
  for (int change = 0; change < 3; ++change) {
    Sampling other = some_sampling();
    if (change == 0) other.seed = 12;
    if (change == 1) other.step = 6;
    if (change == 2) other.stream = RandomStream::evaluation;
    CHECK_FALSE(same(engine.generate(prompts, other), base));
  }
}

TEST_CASE("recorded log-probs are those of the sampling distribution") {
  const Model model = small_model(4);
  CpuEngine engine(model, {});
  const auto prompts = some_prompts();
  const auto episodes = engine.generate(prompts, some_sampling());
  for (const Episode& episode : episodes) {
    Ids ids = prompts[static_cast<std::size_t>(episode.prompt)].ids;
    const std::size_t first = ids.size() - 1;
    ids.insert(ids.end(), episode.tokens.begin(), episode.tokens.end());
    const auto scores = engine.score({ids}, 0.9).front();
    for (std::size_t t = 0; t < episode.tokens.size(); ++t)
      CHECK(std::abs(scores[first + t] - episode.logp[t]) < 2e-5);
  }
}

TEST_CASE("completions end at the end token or at the limit") {
  const Model model = small_model();
  CpuEngine engine(model, {});
  int ended = 0;
  for (const Episode& episode : engine.generate(some_prompts(), some_sampling())) {
    const bool eos = episode.tokens.back() == 7;
    CHECK(eos == (episode.end == End::eos));
    if (!eos) CHECK(episode.tokens.size() == 40);
    for (std::size_t t = 0; t + 1 < episode.tokens.size(); ++t) CHECK(episode.tokens[t] != 7);
    ended += eos ? 1 : 0;
  }
  CHECK(ended > 0);
  Sampling endless = some_sampling();
  endless.eos.clear();
  for (const Episode& episode : engine.generate(some_prompts(), endless))
    CHECK(episode.tokens.size() == 40);
  Sampling one = some_sampling();
  one.max_tokens = 1;
  for (const Episode& episode : engine.generate(some_prompts(), one))
    CHECK(episode.tokens.size() == 1);
}

TEST_CASE("bad prompts are refused with both values") {
  const Model model = small_model();
  CpuEngine engine(model, {});
  CHECK_THROWS_WITH_AS(engine.generate({{{}, 1}}, some_sampling()),
                       doctest::Contains("empty prompt"), Error);
  CHECK_THROWS_WITH_AS(engine.generate({{{61}, 1}}, some_sampling()),
                       doctest::Contains("token id 61 is outside the model's vocabulary of 61"),
                       Error);
  CHECK_THROWS_WITH_AS(engine.generate({{Ids(180, 1), 1}}, some_sampling()),
                       doctest::Contains("need 220 positions, the model has 200"), Error);
  CHECK(engine.generate({}, some_sampling()).empty());
}

TEST_CASE("new weights are used after a refresh") {
  Model model = small_model();
  CpuEngine engine(model, {});
  const auto before = engine.generate(some_prompts(), some_sampling());
  for (std::int64_t i = 0; i < model.weights.size(); ++i) model.weights.data()[i] *= 0.9f;
  engine.refresh();
  const auto after = engine.generate(some_prompts(), some_sampling());
  CHECK_FALSE(same(before, after));
  CpuEngine fresh(model, {});
  CHECK(same(fresh.generate(some_prompts(), some_sampling()), after));
}

// One-layer models whose logits are the same at every position: a million draws against the
// softmax, by chi-square.
TEST_CASE("samples follow the distribution") {
  constexpr int kVocab = 24;
  float weights[kVocab];
  double total = 0;
  Rng rng(9);
  for (float& w : weights) total += w = static_cast<float>(std::exp(4.0 * rng.uniform()));
  std::vector<double> counts(kVocab);
  constexpr int kDraws = 1000000;
  for (int i = 0; i < kDraws; ++i) {
    const std::int64_t token =
        invert_cdf(weights, kVocab, 0.0, uniform_at(77, static_cast<std::uint64_t>(i)) * total);
    REQUIRE(token >= 0);
    counts[static_cast<std::size_t>(token)] += 1;
  }
  double chi2 = 0;
  for (int i = 0; i < kVocab; ++i) {
    const double expected = kDraws * weights[i] / total;
    chi2 += (counts[static_cast<std::size_t>(i)] - expected) *
            (counts[static_cast<std::size_t>(i)] - expected) / expected;
  }
  CHECK(chi2 < 49.73);  // 99.9 % quantile with 23 degrees of freedom
}

TEST_CASE("logits that are no numbers are told from those that forbid a token") {
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<std::int32_t> order;
  for (const std::string& name : kernel_list(0)) {
    for (const std::int64_t n : {1, 7, 16, 61, 1024, 1500}) {
      for (const double temperature : {0.0, 1.0, 0.3, 1e-300}) {
        CAPTURE(name);
        CAPTURE(n);
        CAPTURE(temperature);
        Sampling sampling = some_sampling();
        sampling.temperature = temperature;
        const auto drawn = [&](std::vector<float> logits) {
          return draw_token(kernels(name), logits.data(), n, sampling, 1, 2, order);
        };
        std::vector<float> logits(static_cast<std::size_t>(n), 1.0f);
        for (const std::size_t at : {std::size_t{0}, logits.size() / 2, logits.size() - 1}) {
          for (const float bad : {std::nanf(""), infinity}) {
            const float before = std::exchange(logits[at], bad);
            CHECK(drawn(logits).id == -1);
            CHECK(std::isnan(drawn(logits).logp));
            logits[at] = before;
          }
        }
        CHECK(drawn(std::vector<float>(logits.size(), -infinity)).id == -1);
        std::fill(logits.begin(), logits.end(), -infinity);
        logits[logits.size() / 2] = -3.0f;
        CHECK(drawn(logits).id == n / 2);
        CHECK(drawn(logits).logp == doctest::Approx(0).epsilon(1e-4));
      }
    }
  }
}

TEST_CASE("a model whose logits are no numbers is named with prompt, sample and token") {
  Model model = small_model();
  std::fill_n(model.weights.data() + model.layout.final_norm(), model.config.width,
              3e38f);  // finite, unlike what follows from it
  for (const std::int64_t threads : {1, 2}) {
    CpuEngine engine(model, {threads});
    for (const double temperature : {0.0, 1.0}) {
      Sampling sampling = some_sampling();
      sampling.temperature = temperature;
      CHECK_THROWS_WITH_AS(
          engine.generate({{{1, 2}, 1}}, sampling),
          doctest::Contains(
              "not finite (NaN or infinite) at token 1 of the completion of prompt 1, sample 1"),
          NotFinite);
    }
    CHECK_THROWS_WITH_AS(engine.score({{1}, {1, 2, 3}}, 1.0),
                         doctest::Contains("at token 2 of sequence 2"), NotFinite);
  }
}

TEST_CASE("a token of probability zero is never drawn") {
  const float weights[] = {0, 0, 1, 0, 2, 0};
  CHECK(invert_cdf(weights, 6, 0.0, 0.0) == 2);
  CHECK(invert_cdf(weights, 6, 0.0, 0.9999) == 2);
  CHECK(invert_cdf(weights, 6, 0.0, 1.0) == 4);
  CHECK(invert_cdf(weights, 6, 0.0, 3.0) == -1);
  CHECK(last_possible(weights, 6) == 4);
}
