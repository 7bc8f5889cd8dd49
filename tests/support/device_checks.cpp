#include "support/device_checks.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/random_streams.h"
#include "core/model/folder.h"
#include "core/rollout/cpu/engine.h"
#include "core/rollout/cuda/engine.h"
#include "support/golden.h"
#include "support/small_model.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

using Ids = std::vector<std::int32_t>;

struct Shape {
  std::int64_t heads = 4, kv_heads = 2, head_dim = 16;
  bool bias = true, norm = true, tied = true;
};

Model small_model(const Shape& shape) {
  Model model = random_model({.width = 48,
                              .heads = shape.heads,
                              .kv_heads = shape.kv_heads,
                              .head_dim = shape.head_dim,
                              .mlp = 56,
                              .vocab = 61,
                              .context = 600,
                              .eos = {7},
                              .qkv_bias = shape.bias,
                              .qk_norm = shape.norm,
                              .tied = shape.tied,
                              .seed = 3});
  Rng rng(5);
  for (std::int64_t i = 0; i < model.weights.size(); ++i) {
    float& w = model.weights.data()[i];
    w = (w == 1.0f ? 1.0f : w * 6.0f) +
        static_cast<float>(0.2 * (rng.uniform() - 0.5));  // far from uniform; biases and norms too
  }
  return model;
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

Sampling some_sampling() {
  return {.max_tokens = 40,
          .temperature = 0.9,
          .eos = {7},
          .seed = 11,
          .stream = RandomStream::rollout,
          .step = 5};
}

void check_same(const std::vector<Episode>& a, const std::vector<Episode>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(i);
    CHECK(a[i].tokens == b[i].tokens);
    CHECK(a[i].logp == b[i].logp);
    CHECK(a[i].end == b[i].end);
    CHECK(a[i].prompt == b[i].prompt);
    CHECK(a[i].sample == b[i].sample);
  }
}

// Equal tokens, and log-probs within `tolerance`.
void check_near(const std::vector<Episode>& got, const std::vector<Episode>& expected,
                double tolerance) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CHECK(got[i].tokens == expected[i].tokens);
    CHECK(got[i].end == expected[i].end);
    REQUIRE(got[i].logp.size() == got[i].tokens.size());
    double worst = 0;
    for (std::size_t t = 0; t < std::min(got[i].logp.size(), expected[i].logp.size()); ++t)
      worst = std::max(worst, static_cast<double>(std::abs(got[i].logp[t] - expected[i].logp[t])));
    CHECK(worst < tolerance);
  }
}

}  // namespace

void check_golden_models(const std::shared_ptr<Device>& device) {
  for (const fs::path& folder : golden_models()) {
    CAPTURE(folder.string());
    const Model model = load_model(folder);
    DeviceEngine engine(device, model);
    const Json logits = parse_json(read_file(folder / "golden" / "logits.json"), "logits.json");
    const Json greedy = parse_json(read_file(folder / "golden" / "greedy.json"), "greedy.json");
    const double abs_tolerance = logits["tolerance"]["abs"],
                 rel_tolerance = logits["tolerance"]["rel"];
    std::vector<Ids> sequences;
    for (const Json& prompt : logits["prompts"]) {
      sequences.push_back(prompt["ids"]);
      for (const std::int32_t id : prompt["continuation"]) sequences.back().push_back(id);
    }
    const auto scores = engine.score(sequences, 1.0);
    for (std::size_t s = 0; s < sequences.size(); ++s) {
      const Json& prompt = logits["prompts"][s];
      CAPTURE(prompt["name"].get<std::string>());
      const std::vector<double> expected = prompt["continuation_logprobs_float64"];
      REQUIRE(scores[s].size() == sequences[s].size() - 1);
      const std::size_t first = prompt["ids"].size() - 1;
      for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(std::abs(scores[s][first + i] - expected[i]) <=
              abs_tolerance + rel_tolerance * std::abs(expected[i]));
    }
    std::vector<Prompt> prompts;
    for (const Json& prompt : greedy["prompts"]) prompts.push_back({prompt["ids"], 1});
    const auto episodes = engine.generate(prompts, {.max_tokens = 40, .temperature = 0.0});
    for (std::size_t i = 0; i < prompts.size(); ++i)
      CHECK(episodes[i].tokens == greedy["prompts"][i]["tokens"].get<Ids>());
  }
}

void check_tokens_of_cpu(const std::shared_ptr<Device>& device) {
  const Model model = small_model({});
  CpuEngine cpu(model, {.threads = 1, .wave = 5, .kernels = "scalar"});
  DeviceEngine engine(device, model, {.precision = Dtype::f32, .slots = 5, .looks = 3});
  const auto prompts = some_prompts();
  std::vector<Sampling> samplings(6, some_sampling());
  samplings[1].temperature = 0;
  samplings[2].top_k = 5;
  samplings[3].top_p = 0.7;
  samplings[4].top_k = 9;
  samplings[4].top_p = 0.8;
  samplings[5].eos = {7, 9, 60};
  std::int64_t ended = 0, cut = 0;
  const auto check = [&](const std::vector<Prompt>& asked, const Sampling& sampling) {
    const auto expected = cpu.generate(asked, sampling), got = engine.generate(asked, sampling);
    check_near(got, expected, 3e-5);
    CHECK(engine.statistics().tokens == cpu.statistics().tokens);
    CHECK(engine.statistics().slot_use > 0.3);
    for (const Episode& episode : got) (episode.end == End::eos ? ended : cut) += 1;
  };
  for (std::size_t i = 0; i < samplings.size(); ++i) {
    CAPTURE(i);
    check(prompts, samplings[i]);
  }
  auto fixed = prompts;
  std::int64_t length = 0;
  for (Prompt& prompt : fixed) {
    for (std::int64_t s = 0; s < prompt.samples; ++s)
      prompt.lengths.push_back(1 + length++ * 2 % 40);
  }
  check(fixed, some_sampling());
  CHECK(ended > 0);
  CHECK(cut > 0);
  CHECK(engine.generate({}, some_sampling()).empty());
}

void check_independence(const std::shared_ptr<Device>& device, Dtype precision) {
  const Model model = small_model({});
  const auto prompts = some_prompts();
  DeviceEngine one(device, model, {precision, 1, 1});
  const auto expected = one.generate(prompts, some_sampling());
  for (const std::int64_t slots : {2, 7, 64}) {
    for (const std::int64_t looks : {1, 5, 16}) {
      DeviceEngine engine(device, model, {precision, slots, looks});
      check_same(engine.generate(prompts, some_sampling()), expected);
    }
  }
  // In a wider pass, and in other company: each prompt's tokens are named by its number.
  std::vector<Prompt> more = prompts;
  for (int i = 0; i < 40; ++i) more.push_back({{1, static_cast<std::int32_t>(i)}, 2});
  DeviceEngine wide(device, model, {precision, 0, 8});
  auto got = wide.generate(more, some_sampling());
  got.resize(expected.size());
  check_same(got, expected);

  std::vector<Ids> sequences;
  for (const Episode& episode : expected) {
    Ids ids = prompts[static_cast<std::size_t>(episode.prompt)].ids;
    ids.insert(ids.end(), episode.tokens.begin(), episode.tokens.end());
    sequences.push_back(ids);
  }
  sequences.push_back({3});  // has nothing to score
  for (int i = 0; i < 50; ++i) sequences.push_back({1, static_cast<std::int32_t>(i), 4});
  // A score sees its sequence as one, a completion its prompt and itself: in bf16 the last bit of a
  // rounded sum may differ.
  const double tolerance = precision == Dtype::f32 ? 2e-5 : 2e-2;
  const auto scores = wide.score(sequences, 0.9);
  REQUIRE(scores.size() == sequences.size());
  CHECK(scores[expected.size()].empty());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(one.score({sequences[i]}, 0.9).front() == scores[i]);
    const std::size_t first = scores[i].size() - expected[i].logp.size();
    for (std::size_t t = 0; t < expected[i].logp.size(); ++t)
      CHECK(std::abs(scores[i][first + t] - expected[i].logp[t]) < tolerance);
  }
}

void check_shapes(const std::shared_ptr<Device>& device) {
  const std::vector<Shape> shapes = {
      {1, 1, 8, false, false, false},  {4, 4, 64, true, false, true},
      {14, 2, 64, true, false, true},  {8, 1, 128, false, true, false},
      {16, 1, 48, false, false, true}, {2, 1, 256, true, true, false}};
  for (const Shape& shape : shapes) {
    CAPTURE(shape.heads);
    CAPTURE(shape.head_dim);
    const Model model = small_model(shape);
    Ids longer;
    for (std::int32_t k = 0; k < 270; ++k) longer.push_back((k * 5 + k / 7) % 61);
    const std::vector<Prompt> prompts = {
        {longer, 2}, {{5}, 1}, {Ids(longer.begin(), longer.begin() + 129), 1}};
    Sampling sampling = some_sampling();
    sampling.eos.clear();
    sampling.max_tokens = 140;
    CpuEngine cpu(model, {.threads = 1, .wave = 3, .kernels = "scalar"});
    DeviceEngine engine(device, model, {Dtype::f32, 0, 16});
    check_near(engine.generate(prompts, sampling), cpu.generate(prompts, sampling), 1e-4);
    const auto scores = engine.score({longer, {1, 2}}, 1.0),
               expected = cpu.score({longer, {1, 2}}, 1.0);
    for (std::size_t s = 0; s < scores.size(); ++s) {
      REQUIRE(scores[s].size() == expected[s].size());
      for (std::size_t t = 0; t < scores[s].size(); ++t)
        CHECK(std::abs(scores[s][t] - expected[s][t]) < 1e-4);
    }
  }
}

void check_bf16(const std::shared_ptr<Device>& device) {
  for (const fs::path& folder : golden_models()) {
    const Model model = load_model(folder);
    const Json logits = parse_json(read_file(folder / "golden" / "logits.json"), "logits.json");
    DeviceEngine exact(device, model), rounded(device, model, {Dtype::bf16});
    std::vector<Ids> sequences;
    for (const Json& prompt : logits["prompts"]) sequences.push_back(prompt["ids"]);
    const auto a = rounded.score(sequences, 1.0), b = exact.score(sequences, 1.0);
    double gap = 0, count = 0;
    for (std::size_t s = 0; s < a.size(); ++s) {
      for (std::size_t t = 0; t < a[s].size(); ++t, ++count) gap += std::abs(a[s][t] - b[s][t]);
    }
    CAPTURE(folder.string());
    CHECK(gap / count < 0.05);
    CHECK(gap > 0);
  }
}

void check_products(Device& device) {
  Rng rng(21);
  const auto numbers = [&](std::int64_t n) {
    std::vector<float> out(static_cast<std::size_t>(n));
    for (float& x : out) x = static_cast<float>(rng.uniform() - 0.5);
    return out;
  };
  const auto on_device = [&](const std::vector<float>& x, Dtype dtype) {
    std::vector<char> bytes(x.size() * bytes_of(dtype));
    from_float(dtype, x.data(), x.size(), bytes.data());
    void* memory = device.allocate(static_cast<std::int64_t>(bytes.size()));
    device.upload(memory, bytes.data(), static_cast<std::int64_t>(bytes.size()));
    return memory;
  };
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    for (const auto& [n, k] :
         {std::pair<std::int64_t, std::int64_t>{48, 64}, {1088, 64}, {152, 896}, {896, 4864}}) {
      const auto w = numbers(n * k), bias = numbers(n);
      const std::int64_t most = 1024;
      const auto x = numbers(most * k), start = numbers(most * n);
      void *xs = on_device(x, dtype), *ws = on_device(w, dtype), *bs = on_device(bias, Dtype::f32);
      for (const bool add : {false, true}) {
        std::vector<float> first;  // rows of the smallest product
        for (const std::int64_t m : {32, 64, 256, 1024}) {
          if (m > 64 && device.name() == "host" && n * k > 100'000) continue;  // minutes
          void* ys = on_device(start, Dtype::f32);
          device.multiply({xs, ws, add ? nullptr : static_cast<const float*>(bs),
                           static_cast<float*>(ys), m, n, k, dtype, add});
          std::vector<float> y(static_cast<std::size_t>(m * n));
          device.download(y.data(), ys, m * n * 4);
          device.release(ys);
          if (first.empty()) first = y;
          CAPTURE(n);
          CAPTURE(k);
          CAPTURE(m);
          CHECK(std::equal(first.begin(), first.end(), y.begin()));
          double worst = 0;
          for (std::int64_t i = 0; i < m; i += 7) {
            for (std::int64_t j = 0; j < n; j += 5) {
              double sum = add ? start[static_cast<std::size_t>(i * n + j)]
                               : bias[static_cast<std::size_t>(j)];
              for (std::int64_t c = 0; c < k; ++c)
                sum += static_cast<double>(x[static_cast<std::size_t>(i * k + c)]) *
                       w[static_cast<std::size_t>(j * k + c)];
              worst = std::max(worst, std::abs(sum - y[static_cast<std::size_t>(i * n + j)]));
            }
          }
          CHECK(worst < (dtype == Dtype::f32 ? 1e-4 : 2e-3) * std::sqrt(static_cast<double>(k)));
        }
      }
      for (void* memory : {xs, ws, bs}) device.release(memory);
    }
  }
}

}  // namespace tinyzero
