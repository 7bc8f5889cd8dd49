#include "core/rollout/cuda/schedule.h"

#include <algorithm>
#include <cmath>

#include "core/rollout/not_finite.h"
#include "core/rollout/sampler.h"

namespace tinyzero {

Schedule::Schedule(const std::vector<Prompt>& prompts, const Sampling& sampling, std::int64_t slots,
                   std::int64_t places)
    : prompts_(prompts), sampling_(sampling), slots_(slots), users_(places) {
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    for (std::int64_t s = 0; s < prompts[p].samples; ++s)
      episodes_.push_back(
          {static_cast<std::int64_t>(p), prompts[p].first_sample + s, {}, {}, End::length});
  }
}

std::vector<DeviceRow> Schedule::refill() {
  std::vector<DeviceRow> wanted;
  for (std::size_t s = 0; s < slots_.size(); ++s) {
    if (slots_[s].episode != nullptr) continue;
    while (prompt_ < prompts_.size() && sample_ == prompts_[prompt_].samples) {
      ++prompt_;
      sample_ = 0;
      place_ = -1;
    }
    if (prompt_ == prompts_.size()) break;
    const auto& ids = prompts_[prompt_].ids;
    const auto before = static_cast<std::int32_t>(ids.size()) - 1;
    if (place_ < 0) {
      const auto free = std::find(users_.begin(), users_.end(), 0);
      if (free == users_.end()) break;
      place_ = static_cast<std::int32_t>(free - users_.begin());
      for (std::int32_t t = 0; t < before; ++t) {
        DeviceRow row;
        row.token = ids[t];
        row.position = t;
        row.prompt = place_;
        row.shared = before;
        row.alive = 1;
        wanted.push_back(row);
      }
    }
    DeviceRow row;
    row.token = ids.back();
    row.position = before;
    row.prompt = place_;
    row.shared = before;
    row.slot = static_cast<std::int32_t>(s);
    row.alive = 1;
    row.limit = static_cast<std::int32_t>(sampling_.lengths.empty() ? sampling_.max_tokens
                                                                    : sampling_.lengths[next_]);
    row.stream = sample_stream(sampling_, prompts_[prompt_], prompt_, sample_);
    slots_[s] = {&episodes_[next_], row};
    ++users_[place_];
    ++next_;
    ++sample_;
  }
  return wanted;
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
  for (std::size_t i = 0; i < order_.size(); ++i) {
    Slot& slot = slots_[order_[i]];
    slot.row = rows[i];
    slot.row.fresh = 0;
    for (std::int32_t k = 0; k < rows[i].fresh; ++k) {
      const Drawn& token = drawn[i * static_cast<std::size_t>(looks) + static_cast<std::size_t>(k)];
      if (std::isnan(token.logp))
        fail_drawing(slot.episode->prompt, slot.episode->sample, std::ssize(slot.episode->tokens));
      slot.episode->tokens.push_back(token.id);
      slot.episode->logp.push_back(token.logp);
      if (sampling_.on_token && episodes_.size() == 1) sampling_.on_token(token.id);
    }
    if (rows[i].alive != 0) continue;
    const bool eos =
        sampling_.lengths.empty() && std::find(sampling_.eos.begin(), sampling_.eos.end(),
                                               slot.episode->tokens.back()) != sampling_.eos.end();
    slot.episode->end = eos ? End::eos : End::length;
    if (sampling_.on_episode) sampling_.on_episode(*slot.episode);
    slot.episode = nullptr;
    --users_[slot.row.prompt];
  }
}

}  // namespace tinyzero
