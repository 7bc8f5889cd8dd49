// The synthetic work of benchmarks is what it says: models, lengths and operations.

#include "core/bench/workload.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/bench/workload");

TEST_CASE("lengths have the wanted mean and maximum, and are the same every time") {
  const Workload w;
  const auto lengths = bench_lengths(w);
  CHECK(lengths == bench_lengths(w));
  CHECK(lengths.size() == 512);
  const double mean =
      static_cast<double>(std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0})) / 512;
  CHECK(mean > 135);
  CHECK(mean < 165);
  CHECK(*std::max_element(lengths.begin(), lengths.end()) == 400);
  CHECK(*std::min_element(lengths.begin(), lengths.end()) >= 1);
  CHECK(bench_lengths({.prompts = 2, .samples = 3, .mean_tokens = 7, .max_tokens = 7}) ==
        std::vector<std::int64_t>(6, 7));
}

// One layer of width 4 with one head of 4, mlp 8, vocabulary 10, counted by hand: matrices 4·12 +
// 4·4 + 16·4 + 4·8 = 160, head 40.
TEST_CASE("operations are those of the formula") {
  ModelConfig c;
  c.layers = c.heads = c.kv_heads = 1;
  c.width = c.head_dim = 4;
  c.mlp = 8;
  c.vocab = 10;
  // Two completions of two tokens, after a prompt of three.
  const Workload w{
      .prompts = 1, .samples = 2, .prompt_tokens = 3, .mean_tokens = 2, .max_tokens = 2};
  CHECK(decode_flops(c, w, {2, 2}) == 2 * (2 * 2 * 200 + 16 * (4 + 5)));
  // Forward: positions 1 … 3 once, position 4 twice; the head four times.
  CHECK(train_flops(c, w, {2, 2}) == 3 * (5 * 2 * 160 + 16 * (1 + 2 + 3 + 4 + 4) + 4 * 2 * 40));
}

TEST_CASE("prompts are random tokens, the same every time, and fix their completions' lengths") {
  const Workload w{.prompts = 3, .samples = 2, .prompt_tokens = 5};
  const std::vector<std::int64_t> lengths = {1, 2, 3, 4, 5, 6};
  const auto prompts = bench_prompts(w, 10, lengths);
  REQUIRE(prompts.size() == 3);
  CHECK(prompts[0].ids != prompts[1].ids);
  CHECK(prompts[2].ids == bench_prompts(w, 10, lengths)[2].ids);
  CHECK(prompts[1].lengths == std::vector<std::int64_t>{3, 4});
  for (const Prompt& prompt : prompts) {
    CHECK(prompt.ids.size() == 5);
    CHECK(prompt.samples == 2);
    for (const std::int32_t id : prompt.ids) CHECK((id >= 0 && id < 10));
  }
}

TEST_CASE("models are presets by size, or folders") {
  CHECK(bench_model({.model = "1M"}).config.vocab == 512);
  CHECK_THROWS_WITH_AS(bench_model({.model = "2M"}), "no model \"2M\" to measure", Error);
}
