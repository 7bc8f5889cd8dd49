#include "core/transformer/torch_engine.h"

#include <algorithm>
#include <cmath>

#include "core/rollout/not_finite.h"
#include "core/rollout/prompt_check.h"
#include "core/rollout/sampler.h"

namespace tinyzero {

using at::Tensor;

namespace {

template <class It>
Tensor long_tensor(It begin, It end) {
  return at::tensor(std::vector<std::int64_t>(begin, end));
}

}  // namespace

ReferenceEngine::ReferenceEngine(const Model& model, at::Device device)
    : model_(model),
      transformer_(const_cast<Model&>(model), DevicePlace{device}, /*frozen=*/true,
                   nullptr) {  // which is only read
  check_draws_tokens(model.config);
}

Tensor ReferenceEngine::hidden(const std::vector<std::int32_t>& ids) {
  const auto shape = std::make_shared<PackedShape>();
  shape->add(std::ssize(ids));
  return transformer_.hidden(long_tensor(ids.begin(), ids.end()), shape);
}

std::vector<Episode> ReferenceEngine::generate(const std::vector<Prompt>& prompts,
                                               const Sampling& sampling,
                                               const GenerateHooks& hooks) {
  const c10::InferenceMode no_gradients;
  statistics_ = {};
  std::vector<Episode> episodes;
  check_call(model_.config, prompts, sampling, hooks);
  const bool fixed_lengths = lengths_are_fixed(prompts);
  std::vector<std::int32_t> order;
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    statistics_.prompt_tokens += std::ssize(prompts[p].ids);
    for (std::int64_t s = 0; s < prompts[p].samples; ++s) {
      Episode episode{
          static_cast<std::int64_t>(p), prompts[p].first_sample + s, {}, {}, End::length};
      const std::int64_t limit = fixed_lengths ? prompts[p].lengths[s] : sampling.max_tokens;
      const std::uint64_t stream = sample_stream(sampling, prompts[p], p, s);
      std::vector<std::int32_t> ids = prompts[p].ids;
      while (episode.end == End::length && std::ssize(episode.tokens) < limit) {
        stop_if_asked(hooks.stop);
        Tensor last = transformer_.logits(hidden(ids).narrow(0, std::ssize(ids) - 1, 1));
        const DrawnToken token =
            draw_token(kernels(), last.mutable_data_ptr<float>(), model_.config.vocab, sampling,
                       stream, episode.tokens.size(), order);
        if (token.id < 0) fail_drawing(episode.prompt, episode.sample, std::ssize(episode.tokens));
        ids.push_back(token.id);
        episode.tokens.push_back(token.id);
        episode.logp.push_back(token.logp);
        if (hooks.on_token) hooks.on_token(token.id);
        if (!fixed_lengths &&
            std::find(sampling.eos.begin(), sampling.eos.end(), token.id) != sampling.eos.end())
          episode.end = End::eos;
      }
      statistics_.tokens += std::ssize(episode.tokens);
      if (hooks.on_episode) hooks.on_episode(episode);
      episodes.push_back(std::move(episode));
    }
  }
  statistics_.slot_use = episodes.empty() ? 0 : 1;
  return episodes;
}

std::vector<std::vector<float>> ReferenceEngine::score(
    const std::vector<std::vector<std::int32_t>>& sequences, double temperature) {
  const c10::InferenceMode no_gradients;
  for (const auto& ids : sequences) check_ids(model_.config, ids, 0);
  std::vector<std::vector<float>> out;
  for (const auto& ids : sequences) {
    out.emplace_back();
    if (ids.size() < 2) continue;
    const auto count = std::ssize(ids) - 1;
    const Tensor logp = transformer_
                            .distribution(hidden(ids).narrow(0, 0, count),
                                          long_tensor(ids.begin() + 1, ids.end()), temperature)
                            .logp.contiguous();
    out.back().assign(logp.const_data_ptr<float>(), logp.const_data_ptr<float>() + count);
    for (std::size_t t = 0; t < out.back().size(); ++t) {
      if (std::isnan(out.back()[t])) fail_scoring(out.size() - 1, t + 1);
    }
  }
  return out;
}

}  // namespace tinyzero
