// The CPU engine: right, against golden numbers of transformers, and independent of everything that
// is not its input.

#include "core/rollout/cpu/engine.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "core/base/error.h"
#include "core/model/folder.h"
#include "core/rollout/not_finite.h"
#include "support/golden.h"
#include "support/rollout.h"
#include "support/small_model.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/cpu/engine");

namespace {

// Kernels of this machine whose words hold one number (f32) or two (bf16); 0: all.
std::vector<std::string> kernel_list(Index numbers_per_word) {
  std::vector<std::string> names;
  for (const char* name : kernel_names()) {
    if (numbers_per_word == 0 || kernels(name).numbers_per_word == numbers_per_word)
      names.push_back(name);
  }
  return names;
}

}  // namespace

// Numbers of transformers and of an independent float64 implementation; see
// tests/golden/hf/README.md.
TEST_CASE("golden log-probs and greedy tokens") {
  for (const fs::path& folder : golden_models()) {
    const Model model = load_model(folder);
    const Json logits = parse_json(read_file(folder / "golden" / "logits.json"), "logits.json");
    const Json greedy = parse_json(read_file(folder / "golden" / "greedy.json"), "greedy.json");
    const double abs_tolerance = logits["tolerance"]["abs"],
                 rel_tolerance = logits["tolerance"]["rel"];
    for (const std::string& name : kernel_list(1)) {
      CAPTURE(folder.string());
      CAPTURE(name);
      CpuEngine engine(model, {.threads = 2, .kernels = name});
      for (const Json& prompt : logits["prompts"]) {
        CAPTURE(prompt["name"].get<std::string>());
        Ids ids = prompt["ids"];
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
      for (const Json& prompt : greedy["prompts"])
        prompts.push_back({.ids = prompt["ids"].get<Ids>()});
      const auto episodes = engine.generate(prompts, greedy_sampling());
      for (std::size_t i = 0; i < prompts.size(); ++i)
        CHECK(episodes[i].tokens == greedy["prompts"][i]["tokens"].get<Ids>());
    }
  }
}

TEST_CASE("tokens do not depend on wave, threads, or the company of other prompts") {
  const Model model = small_decoder();
  const auto prompts = some_prompts();
  for (const std::string& name : kernel_list(0)) {
    CAPTURE(name);
    CpuEngine one(model, {.threads = 1, .wave = 1, .kernels = name});
    const auto expected = one.generate(prompts, some_sampling());
    for (const std::int64_t wave : {2, 3, 12, 64, 128}) {
      for (const std::int64_t threads : {1, 2, 3}) {
        CpuEngine engine(model, {.threads = threads, .wave = wave, .kernels = name});
        CHECK(same(engine.generate(prompts, some_sampling()), expected));
      }
    }
    CHECK(one.generate({prompts[0]}, some_sampling()).front().tokens == expected.front().tokens);
  }
}

TEST_CASE("tokens and log-probs do not depend on how many threads share a pass") {
  const Model model = small_decoder({.width = 640});  // so wide that threads share rows too
  auto prompts = some_prompts();
  prompts.push_back({.ids = Ids(90, 5), .samples = 40});
  for (const std::string& name : kernel_list(0)) {
    if (name.starts_with("scalar")) continue;  // too slow for this width, and one for all threads
    CAPTURE(name);
    CpuEngine alone(model, {.threads = 1, .wave = 3, .kernels = name});
    const auto expected = alone.generate(prompts, some_sampling());
    for (const std::int64_t team : {2, 3}) {
      CpuEngine shared(model, {.threads = 3, .wave = 48, .kernels = name, .team = team});
      CHECK(same(shared.generate(prompts, some_sampling()), expected));
      CHECK(shared.score({prompts[8].ids, prompts[1].ids}, 0.7) ==
            alone.score({prompts[8].ids, prompts[1].ids}, 0.7));
    }
  }
}

TEST_CASE(
    "completions that are wanted alone are those of the whole call, and each is told as it ends") {
  const Model model = small_decoder();
  const auto prompts = some_prompts();
  CpuEngine engine(model, {.threads = 2, .wave = 3});
  const auto whole = engine.generate(prompts, some_sampling());
  // The second half of the samples of every prompt but the first.
  std::vector<Prompt> some;
  std::vector<Episode> expected;
  for (std::size_t p = 1; p < prompts.size(); ++p) {
    const std::int64_t first = prompts[p].samples / 2;
    some.push_back({.ids = prompts[p].ids,
                    .samples = prompts[p].samples - first,
                    .number = static_cast<std::int64_t>(p),
                    .first_sample = first});
    for (const Episode& episode : whole) {
      if (episode.prompt == static_cast<std::int64_t>(p) && episode.sample >= first)
        expected.push_back(episode);
    }
  }
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::int32_t>> told;
  const auto note = [&](const Episode& e) { told[{e.prompt, e.sample}] = e.tokens; };
  const auto got = engine.generate(some, some_sampling(), {.on_episode = note});
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
  const Model model = small_decoder();
  const auto prompts = some_prompts();
  CpuEngine engine(model, {.threads = 2, .wave = 3});
  const auto expected = engine.generate(prompts, some_sampling());
  StopRequest wish{0};
  std::size_t ended = 0;
  const auto count = [&](const Episode&) { wish = ++ended == 5 ? 1 : 0; };
  CHECK_THROWS_AS(engine.generate(prompts, some_sampling(), {.on_episode = count, .stop = &wish}),
                  Interrupted);
  CHECK(ended < expected.size());
  CHECK(same(engine.generate(prompts, some_sampling()), expected));
}

TEST_CASE("a wave chosen by trying gives the same tokens") {
  const Model model = small_decoder();
  const std::vector<Prompt> prompts(70, Prompt{{1, 2, 3}, 8});  // more than it takes to try
  CpuEngine tried(model, {.threads = 2}), given(model, {.threads = 1, .wave = 5});
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
      CpuEngine engine(model, {.threads = 2, .kernels = name}),
          exact(model, {.threads = 2, .kernels = "scalar"}),
          slow(model, {.threads = 2, .kernels = "scalar-bf16"});
      double gap = 0, distance = 0, count = 0;
      for (const Json& prompt : logits["prompts"]) {
        const Ids ids = prompt["ids"];
        if (ids.size() < 2) continue;
        const auto a = engine.score({ids}, 1.0).front(), b = exact.score({ids}, 1.0).front(),
                   c = slow.score({ids}, 1.0).front();
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

TEST_CASE("other seeds, steps and purposes give other tokens") {
  const Model model = small_decoder();
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
  const Model model = small_decoder({.kv_heads = 4});
  CpuEngine engine(model, {});
  const auto prompts = some_prompts();
  const auto episodes = engine.generate(prompts, some_sampling());
  for (const Episode& episode : episodes) {
    Ids ids = prompts[episode.prompt].ids;
    const std::size_t first = ids.size() - 1;
    ids.insert(ids.end(), episode.tokens.begin(), episode.tokens.end());
    const auto scores = engine.score({ids}, 0.9).front();
    for (std::size_t t = 0; t < episode.tokens.size(); ++t)
      CHECK(std::abs(scores[first + t] - episode.logp[t]) < 2e-5);
  }
}

TEST_CASE("completions end at the end token or at the limit") {
  const Model model = small_decoder();
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

TEST_CASE("new weights are used after a refresh") {
  Model model = small_decoder();
  CpuEngine engine(model, {});
  const auto before = engine.generate(some_prompts(), some_sampling());
  for (std::int64_t i = 0; i < model.weights.size(); ++i) model.weights.data()[i] *= 0.9f;
  engine.refresh();
  const auto after = engine.generate(some_prompts(), some_sampling());
  CHECK_FALSE(same(before, after));
  CpuEngine fresh(model, {});
  CHECK(same(fresh.generate(some_prompts(), some_sampling()), after));
}

TEST_CASE("a model whose logits are no numbers is named with prompt, sample and token") {
  Model model = small_decoder();
  std::fill_n(model.weights.data() + model.layout.final_norm(), model.config.width,
              3e38f);  // finite, unlike what follows from it
  for (const std::int64_t threads : {1, 2}) {
    CpuEngine engine(model, {.threads = threads});
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

TEST_CASE("top-k of one and a tiny top-p are greedy") {
  const Model model = small_decoder();
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

TEST_CASE("fixed lengths are kept, end tokens or not") {
  const Model model = small_decoder();
  auto prompts = some_prompts();
  std::vector<std::int64_t> all;
  for (Prompt& prompt : prompts) {
    for (std::int64_t s = 0; s < prompt.samples; ++s)
      prompt.lengths.push_back(1 + (std::ssize(all) + s) * 7 % 40);
    all.insert(all.end(), prompt.lengths.begin(), prompt.lengths.end());
  }
  CpuEngine engine(model, {.threads = 2, .wave = 3});
  const auto episodes = engine.generate(prompts, some_sampling());
  REQUIRE(episodes.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(std::ssize(episodes[i].tokens) == all[i]);
    CHECK(episodes[i].end == End::length);
  }
}

TEST_CASE("tokens are told as they are sampled, for one completion only") {
  const Model model = small_decoder();
  CpuEngine engine(model, {});
  Ids told;
  const GenerateHooks hooks{.on_token = [&](std::int32_t id) { told.push_back(id); }};
  CHECK(engine.generate({{.ids = {1, 2}}}, some_sampling(), hooks).front().tokens == told);
  CHECK_THROWS_WITH_AS(engine.generate({{.ids = {1, 2}, .samples = 2}}, some_sampling(), hooks),
                       "tokens can be told one by one for one completion, not for 2", Error);
}

TEST_CASE("a profiled call says where all threads' time went") {
  const Model model = small_decoder();
  CpuEngine plain(model, {.threads = 2}), profiled(model, {.threads = 2, .profile = true});
  CHECK(same(profiled.generate(some_prompts(), some_sampling()),
             plain.generate(some_prompts(), some_sampling())));
  CHECK(plain.statistics().times.all() == 0);
  const DecodeTimes& times = profiled.statistics().times;
  for (const double phase :
       {times.products, times.attention, times.norms_and_gates, times.sampling})
    CHECK(phase > 0);
}

TEST_CASE("a call counts its tokens and the use of its slots") {
  const Model model = small_decoder();
  CpuEngine engine(model, {.threads = 1, .wave = 2});
  const auto prompts = some_prompts();
  std::int64_t sampled = 0, computed = 0;
  for (const Episode& episode : engine.generate(prompts, some_sampling()))
    sampled += std::ssize(episode.tokens);
  for (const Prompt& prompt : prompts) computed += std::ssize(prompt.ids);
  CHECK(engine.statistics().tokens == sampled);
  CHECK(engine.statistics().prompt_tokens == computed);
  CHECK(engine.statistics().slot_use > 0.5);
  CHECK(engine.statistics().slot_use <= 1);
}

TEST_CASE("a wider wave, more threads and longer completions take more memory") {
  const Model model = small_decoder();
  const CpuEngine::Call call{
      .prompts = 100, .sequences = 800, .longest_prompt = 50, .max_tokens = 100};
  const auto bytes = [&](std::int64_t threads, std::int64_t wave) {
    return CpuEngine::call_bytes(model, {.threads = threads, .wave = wave}, call);
  };
  CHECK(bytes(1, 12) < bytes(1, 24));
  CHECK(bytes(2, 12) == 2 * bytes(1, 12));
  CpuEngine::Call longer = call;
  longer.max_tokens = 200;
  CHECK(CpuEngine::call_bytes(model, {.threads = 1, .wave = 12}, longer) > bytes(1, 12));
}
