#include "core/rollout/cuda/schedule.h"

#include <algorithm>
#include <cmath>

#include "core/rollout/not_finite.h"
#include "core/rollout/prompt_check.h"
#include "core/rollout/sampler.h"

namespace tinyzero {

Schedule::Schedule(const Call& call, std::int64_t slots, std::int64_t places)
    : call_(call), fixed_lengths_(lengths_are_fixed(call.prompts)), slots_(slots), users_(places) {
  for (std::size_t p = 0; p < call.prompts.size(); ++p) {
    const Prompt& prompt = call.prompts[p];
    for (std::int64_t s = 0; s < prompt.samples; ++s) {
      Episode& episode = episodes_.emplace_back();
      episode.prompt = static_cast<std::int64_t>(p);
      episode.sample = prompt.first_sample + s;
    }
  }
}

std::vector<DeviceRow> Schedule::refill() {
  std::vector<DeviceRow> wanted;
  for (std::size_t s = 0; s < slots_.size(); ++s) {
    if (slots_[s].episode != nullptr) continue;
    while (prompt_ < call_.prompts.size() && sample_ == call_.prompts[prompt_].samples) {
      ++prompt_;
      sample_ = 0;
      place_ = -1;
    }
    if (prompt_ == call_.prompts.size()) break;
    if (place_ < 0 && !place_prompt(wanted)) break;
    start_sample(s);
  }
  return wanted;
}

bool Schedule::place_prompt(std::vector<DeviceRow>& wanted) {
  const auto free = std::find(users_.begin(), users_.end(), 0);
  if (free == users_.end()) return false;
  place_ = static_cast<std::int32_t>(free - users_.begin());
  const auto& ids = call_.prompts[prompt_].ids;
  const auto before = static_cast<std::int32_t>(ids.size()) - 1;
  for (std::int32_t t = 0; t < before; ++t) {
    DeviceRow& row = wanted.emplace_back();
    row.token = ids[t];
    row.position = t;
    row.prompt = place_;
    row.shared = before;
    row.alive = 1;
  }
  return true;
}

void Schedule::start_sample(std::size_t slot) {
  const Prompt& prompt = call_.prompts[prompt_];
  const auto before = static_cast<std::int32_t>(prompt.ids.size()) - 1;
  DeviceRow row;
  row.token = prompt.ids.back();
  row.position = before;
  row.prompt = place_;
  row.shared = before;
  row.slot = static_cast<std::int32_t>(slot);
  row.alive = 1;
  row.limit = static_cast<std::int32_t>(fixed_lengths_ ? prompt.lengths[sample_]
                                                       : call_.sampling.max_tokens);
  row.stream = sample_stream(call_.sampling, prompt, prompt_, sample_);
  slots_[slot] = {&episodes_[next_], row};
  ++users_[place_];
  ++next_;
  ++sample_;
}

std::vector<DeviceRow> Schedule::rows() {
  order_.clear();
  for (std::size_t s = 0; s < slots_.size(); ++s) {
    if (slots_[s].episode != nullptr) order_.push_back(s);
  }
  std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
    return slots_[a].row.prompt < slots_[b].row.prompt;
  });
  std::vector<DeviceRow> out;
  for (const std::size_t s : order_) out.push_back(slots_[s].row);
  return out;
}

std::vector<PromptRows> Schedule::groups() const {
  std::vector<PromptRows> out;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const DeviceRow& row = slots_[order_[i]].row;
    if (out.empty() || out.back().prompt != row.prompt)
      out.push_back({row.prompt, row.shared, static_cast<std::int32_t>(i), 0});
    ++out.back().count;
  }
  return out;
}

std::int64_t Schedule::most_left() const {
  std::int64_t most = 1;
  for (const std::size_t s : order_)
    most = std::max<std::int64_t>(most, slots_[s].row.limit - slots_[s].row.drawn);
  return most;
}

void Schedule::take(const std::vector<DeviceRow>& rows, const std::vector<Drawn>& drawn,
                    std::int64_t looks) {
  for (std::int64_t i = 0; i < std::ssize(order_); ++i) {
    Slot& slot = slots_[order_[i]];
    slot.row = rows[i];
    slot.row.fresh = 0;
    for (std::int64_t k = 0; k < rows[i].fresh; ++k) append(*slot.episode, drawn[i * looks + k]);
    if (rows[i].alive == 0) finish(slot);
  }
}

void Schedule::append(Episode& episode, const Drawn& token) {
  if (std::isnan(token.logp))
    fail_drawing(episode.prompt, episode.sample, std::ssize(episode.tokens));
  episode.tokens.push_back(token.id);
  episode.logp.push_back(token.logp);
  if (call_.hooks.on_token) call_.hooks.on_token(token.id);
}

void Schedule::finish(Slot& slot) {
  const auto& eos = call_.sampling.eos;
  const std::int32_t last = slot.episode->tokens.back();
  const bool ended = !fixed_lengths_ && std::find(eos.begin(), eos.end(), last) != eos.end();
  slot.episode->end = ended ? End::eos : End::length;
  if (call_.hooks.on_episode) call_.hooks.on_episode(*slot.episode);
  slot.episode = nullptr;
  --users_[slot.row.prompt];
}

}  // namespace tinyzero
