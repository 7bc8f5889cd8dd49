#include "core/algorithm/batch_parts.h"

namespace tinyzero {

Batch select_episodes(const Batch& batch, const std::vector<std::int64_t>& episodes) {
  const at::Tensor chosen = at::tensor(episodes);                  // (b)
  at::Tensor place = at::full({batch.episodes()}, -1, at::kLong);  // (B)
  place.index_put_({chosen}, at::arange(chosen.size(0)));
  const at::Tensor owner = place.index_select(0, batch.episode);  // (N)
  const at::Tensor tokens = owner.ge(0).nonzero().squeeze(1);     // (n)
  const auto of_tokens = [&](const at::Tensor& t) { return t.defined() ? t.index_select(0, tokens) : t; };
  const auto of_episodes = [&](const at::Tensor& t) { return t.defined() ? t.index_select(0, chosen) : t; };
  Batch out;
  out.logp_old = of_tokens(batch.logp_old);
  out.mask = of_tokens(batch.mask);
  out.episode = owner.index_select(0, tokens);
  out.advantage = of_tokens(batch.advantage);
  for (const auto& [name, values] : batch.added) out.added[name] = of_tokens(values);
  out.reward = of_episodes(batch.reward);
  out.usable = of_episodes(batch.usable);
  out.group = of_episodes(batch.group);
  out.length = of_episodes(batch.length);
  out.truncated = of_episodes(batch.truncated);
  out.right = of_episodes(batch.right);
  out.max_tokens = batch.max_tokens;
  out.all = batch.all;
  return out;
}

}  // namespace tinyzero
