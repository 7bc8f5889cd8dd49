#include "core/transformer/torch_engine.h"

#include <algorithm>
#include <cmath>

#include "core/model/parameters.h"
#include "core/rollout/not_finite.h"
#include "core/rollout/prompt_check.h"
#include "core/rollout/sampler.h"
#include "core/transformer/packed_shape.h"

namespace tinyzero {

using at::Tensor;

namespace {

template <class It>
Tensor long_tensor(It begin, It end) {
  return at::tensor(std::vector<std::int64_t>(begin, end));
}

}  // namespace

// The transformer takes a Model that can change; here it only reads.
TorchEngine::TorchEngine(const Model& model, at::Device device)
    : model_(model),
      operators_({.device = device}),
      transformer_(const_cast<Model&>(model), operators_, {.frozen = true}) {
  check_draws_tokens(model.config);
}

Tensor TorchEngine::hidden(const std::vector<std::int32_t>& ids) {
  const auto shape = std::make_shared<PackedShape>();
  shape->add(std::ssize(ids));
  return transformer_.hidden(long_tensor(ids.begin(), ids.end()), shape);
}

void TorchEngine::complete(const Prompt& prompt, const Sampling& sampling,
                           const GenerateHooks& hooks, std::uint64_t stream, Episode& episode) {
  const bool fixed_length = !prompt.lengths.empty();
  const std::int64_t limit =
      fixed_length ? prompt.lengths[episode.sample - prompt.first_sample] : sampling.max_tokens;
  std::vector<std::int32_t> ids = prompt.ids;
  while (episode.end == End::length && std::ssize(episode.tokens) < limit) {
    stop_if_asked(hooks.stop);
    Tensor last = transformer_.logits(hidden(ids).narrow(0, std::ssize(ids) - 1, 1));  // (1, V)
    const DrawnToken token =
        draw_token(kernels(), last.mutable_data_ptr<float>(), model_.config.vocab, sampling, stream,
                   episode.tokens.size(), order_);
    if (token.id < 0) fail_drawing(episode.prompt, episode.sample, std::ssize(episode.tokens));
    ids.push_back(token.id);
    episode.tokens.push_back(token.id);
    episode.logp.push_back(token.logp);
    if (hooks.on_token) hooks.on_token(token.id);
    if (!fixed_length &&
        std::find(sampling.eos.begin(), sampling.eos.end(), token.id) != sampling.eos.end())
      episode.end = End::eos;
  }
}

std::vector<Episode> TorchEngine::generate(const std::vector<Prompt>& prompts,
                                           const Sampling& sampling, const GenerateHooks& hooks) {
  const c10::InferenceMode no_gradients;
  statistics_ = {};
  check_call(model_.config, prompts, sampling, hooks);
  std::vector<Episode> episodes;
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    const Prompt& prompt = prompts[p];
    statistics_.prompt_tokens += std::ssize(prompt.ids);
    for (std::int64_t s = 0; s < prompt.samples; ++s) {
      Episode episode;
      episode.prompt = static_cast<std::int64_t>(p);
      episode.sample = prompt.first_sample + s;
      complete(prompt, sampling, hooks, sample_stream(sampling, prompt, p, s), episode);
      statistics_.tokens += std::ssize(episode.tokens);
      if (hooks.on_episode) hooks.on_episode(episode);
      episodes.push_back(std::move(episode));
    }
  }
  statistics_.slot_use = episodes.empty() ? 0 : 1;
  return episodes;
}

std::vector<std::vector<float>> TorchEngine::score(
    const std::vector<std::vector<std::int32_t>>& sequences, double temperature) {
  const c10::InferenceMode no_gradients;
  for (const auto& ids : sequences) check_ids(model_.config, ids, 0);
  std::vector<std::vector<float>> out;
  for (const auto& ids : sequences) {
    std::vector<float>& scores = out.emplace_back();
    if (ids.size() < 2) continue;
    const auto count = std::ssize(ids) - 1;
    const Tensor logp = transformer_
                            .distribution(hidden(ids).narrow(0, 0, count),
                                          long_tensor(ids.begin() + 1, ids.end()), temperature)
                            .logp.contiguous();  // (T - 1)
    scores.assign(logp.const_data_ptr<float>(), logp.const_data_ptr<float>() + count);
    for (std::size_t t = 0; t < scores.size(); ++t) {
      if (std::isnan(scores[t])) fail_scoring(out.size() - 1, t + 1);
    }
  }
  return out;
}

}  // namespace tinyzero
