// What bench measures is the work that it says: lengths, operations, and a peer that computes the
// same model.

#include <doctest/doctest.h>

#include <numeric>

#include "core/bench/measure.h"
#include "core/bench/plain_torch.h"
#include "core/bench/workload.h"
#include "core/model/transformer.h"
#include "core/train/packing.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/bench/bench");

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
  CHECK(bench_lengths({"1M", 2, 3, 5, 7, 7}) == std::vector<std::int64_t>(6, 7));
}

// One layer of width 4 with one head of 4, mlp 8, vocabulary 10, counted by hand: matrices 4·12 +
// 4·4 + 16·4 + 4·8 = 160, head 40.
TEST_CASE("operations are those of the formula") {
  ModelConfig c;
  c.layers = c.heads = c.kv_heads = 1;
  c.width = c.head_dim = 4;
  c.mlp = 8;
  c.vocab = 10;
  const Workload w{"", 1, 2, 3, 2, 2};  // two completions of two tokens behind three
  CHECK(decode_flops(c, w, {2, 2}) == 2 * (2 * 2 * 200 + 16 * (4 + 5)));
  // Forward: positions 1 … 3 once, position 4 twice; the head four times.
  CHECK(train_flops(c, w, {2, 2}) == 3 * (5 * 2 * 160 + 16 * (1 + 2 + 3 + 4 + 4) + 4 * 2 * 40));
}

TEST_CASE("the peer computes the same model") {
  ModelConfig c = preset_config("tiny");
  c.layers = 2;
  c.vocab = 40;
  Model model(c);
  initialize(model, 5);
  for (std::int64_t i = 0; i < model.weights.size(); ++i) model.weights.data()[i] *= 5.0f;
  const Sequence a{{1, 2, 3, 4, 5, 6, 7}, 3}, b{{9, 8, 7, 6, 5, 4, 3}, 3};
  const ModelInput input = pack_input({&a, &b});
  Transformer ours(model, true);
  const at::Tensor expected =
      ours.distribution(ours.hidden(input.ids, input.shape).index_select(0, input.rows),
                        input.targets, 1.0)
          .logp.detach()
          .view({2, 4});
  const at::Tensor ids =
      at::tensor(std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 9, 8, 7, 6, 5, 4, 3}).view({2, 7});
  PlainTorch f32(model, at::kFloat, true), bf16(model, at::kBFloat16, false);
  CHECK((f32.completion_logp(ids, 3).detach() - expected).abs().max().item<double>() < 1e-4);
  CHECK((bf16.completion_logp(ids, 3) - expected).abs().mean().item<double>() < 0.2);

  const std::vector<std::vector<std::int32_t>> sequences = {a.ids, b.ids};
  const double before = f32.completion_logp(ids, 3).mean().item<double>();
  for (int i = 0; i < 20; ++i) f32.train(sequences, 3, 100);
  CHECK(f32.completion_logp(ids, 3).mean().item<double>() > before);
}

TEST_CASE(
    "the peer decodes all completions to their lengths, also with fewer rows, and draws from the "
    "model's distribution") {
  ModelConfig c = preset_config("tiny");
  c.layers = 1;
  c.vocab = 8;
  Model model(c);
  initialize(model, 6);
  for (std::int64_t i = 0; i < model.weights.size(); ++i) model.weights.data()[i] *= 8.0f;
  PlainTorch peer(model, at::kFloat, false);
  const std::vector<Prompt> prompts = {{{1, 2, 3}, 2000}, {{3, 2, 1}, 2000}};
  std::vector<std::int64_t> lengths(4000, 2);
  lengths[7] = 5;
  const auto out = peer.decode(prompts, lengths, 300, 1);
  for (std::size_t i = 0; i < out.size(); ++i)
    REQUIRE(static_cast<std::int64_t>(out[i].size()) == lengths[i]);
  // The likeliest second token after each first one, by count and by the model.
  const at::Tensor ids = at::tensor(std::vector<std::int64_t>{1, 2, 3, 0}).view({1, 4});
  std::vector<double> counts(8), p(8);
  for (std::size_t i = 0; i < 2000; ++i) counts[static_cast<std::size_t>(out[i][0])] += 1.0 / 2000;
  for (std::int64_t token = 0; token < 8; ++token) {
    at::Tensor with = ids.clone();
    with[0][3] = token;
    p[static_cast<std::size_t>(token)] = std::exp(peer.completion_logp(with, 3).item<double>());
  }
  for (std::size_t token = 0; token < 8; ++token)
    CHECK(std::abs(counts[token] - p[token]) < 5 * std::sqrt(p[token] / 2000) + 0.002);
}

TEST_CASE("spreads") {
  const Spread s = spread_of({3, 1, 2});
  CHECK(s.median == 2);
  CHECK(s.lowest == 1);
  CHECK(s.highest == 3);
  CHECK(ratio_of({2, 9, 4}, {1, 3, 4}).median == 2);
  int calls = 0;
  const Rounds rounds = take_turns(2, {[&] { return ++calls, 0.5; }}, [] { return 3.0; });
  CHECK(calls >= 3);  // one to warm up
  CHECK(rounds.seconds[0] == std::vector<double>{0.5, 0.5});
  CHECK(rounds.roofs[0] == std::vector<double>{3.0, 3.0});
}
