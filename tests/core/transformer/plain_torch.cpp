// The peer that bench runs beside us computes the same model.

#include "core/transformer/plain_torch.h"

#include <doctest/doctest.h>

#include "core/learn/packing.h"
#include "core/transformer/torch_operators.h"
#include "core/transformer/transformer.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/plain_torch");

TEST_CASE("the peer computes the same model") {
  ModelConfig c = preset_config("tiny");
  c.layers = 2;
  c.vocab = 40;
  Model model(c);
  initialize(model, 5);
  for (std::int64_t i = 0; i < model.weights.size(); ++i) model.weights.data()[i] *= 5.0f;
  const Sequence a{{1, 2, 3, 4, 5, 6, 7}, 3}, b{{9, 8, 7, 6, 5, 4, 3}, 3};
  const ModelInput input = pack_input({&a, &b});
  const TorchOperators torch;
  Transformer ours(model, torch);
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
