#include "core/algorithm/select_episodes.h"

namespace tinyzero {

Batch select_episodes(const Batch& batch, const std::vector<std::int64_t>& episodes) {
  const at::Tensor chosen = at::tensor(episodes, at::kLong);  // (b)
  // Episodes rise along the batch: each is a range of it. Nothing here is as long as the batch, of
  // which there are many parts.
  const at::Tensor first = at::searchsorted(batch.episode, chosen);
  const at::Tensor count =
      at::searchsorted(batch.episode, chosen, /*out_int32=*/false, /*right=*/true) - first;
  const at::Tensor owner = at::repeat_interleave(count);  // (n)
  const at::Tensor before = count.cumsum(0) - count;      // (b)
  const at::Tensor tokens =
      at::arange(owner.size(0)) + (first - before).index_select(0, owner);  // (n)
  const auto of_tokens = [&](const at::Tensor& t) {
    return t.defined() ? t.index_select(0, tokens) : t;
  };
  const auto of_episodes = [&](const at::Tensor& t) {
    return t.defined() ? t.index_select(0, chosen) : t;
  };
  Batch out;
  out.logp_old = of_tokens(batch.logp_old);
  out.mask = of_tokens(batch.mask);
  out.episode = owner;
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
