#include "core/rollout/cpu/generation.h"

#include <algorithm>

#include "core/rollout/not_finite.h"
#include "core/rollout/prompt_check.h"

namespace tinyzero {

Generation::Generation(GenerateCall& call, DecodeWorker& worker, std::int64_t wave)
    : call_(call),
      worker_(worker),
      fixed_lengths_(lengths_are_fixed(call.prompts)),
      slots_(wave),
      users_(prompts_at_once(wave)),
      drawn_(wave),
      orders_(worker.team().size()) {}

void Generation::run() {
  while (true) {
    stop_if_asked(call_.hooks.stop);
    start_samples();
    rows_.clear();
    add_completion_rows();
    const std::size_t decoding = rows_.size();
    add_prompt_rows();
    if (rows_.empty()) return;
    worker_.forward(rows_);
    advance(decoding);
    worker_.clock().lap(worker_.clock().times.sampling);
    if (rows_.size() > decoding && rows_.back().wants_logits) {
      const float* logits = worker_.logits(decoding);
      prefill_->logits.assign(logits, logits + worker_.config().vocab);
    }
    ++counts_.passes;
    counts_.used_slots += decoding;
  }
}

void Generation::take_prompt() {
  const std::size_t index = call_.next_prompt.fetch_add(1);
  if (index >= call_.prompts.size()) return;
  const auto free = std::find(users_.begin(), users_.end(), 0);
  prefill_ = Prefill{.index = index,
                     .prompt = &call_.prompts[index],
                     .place = free - users_.begin(),
                     .logits = {}};
}

// Fills free slots from the current prompt while it has samples left, then takes the next prompt.
void Generation::start_samples() {
  for (Slot& slot : slots_) {
    while (slot.episode == nullptr && prefill_ && prefill_->ready()) start_sample(slot);
  }
  if (!prefill_) take_prompt();
}

void Generation::start_sample(Slot& slot) {
  Prefill& p = *prefill_;
  const std::int64_t sample = p.started++;
  Episode& episode = call_.episodes[p.index][sample];
  episode.prompt = static_cast<std::int64_t>(p.index);
  episode.sample = p.prompt->first_sample + sample;
  slot = {.episode = &episode,
          .place = p.place,
          .shared = p.size(),
          .position = p.size() - 1,
          .stream = sample_stream(call_.sampling, *p.prompt, p.index, sample),
          .limit = fixed_lengths_ ? p.prompt->lengths[sample] : call_.sampling.max_tokens};
  ++users_[slot.place];
  logits_ = p.logits;
  if (p.started == p.prompt->samples) prefill_.reset();
  append(slot, next_token(slot, logits_.data(), 0));
}

void Generation::add_completion_rows() {
  for (std::size_t s = 0; s < slots_.size(); ++s) {
    const Slot& slot = slots_[s];
    if (slot.episode == nullptr) continue;
    rows_.push_back({.prompt = slot.place,
                     .shared = slot.shared,
                     .slot = static_cast<std::int64_t>(s),
                     .position = slot.position,
                     .token = slot.token,
                     .wants_logits = true});
  }
}

// The last of a prompt's rows gives the distribution of every sample's first token.
void Generation::add_prompt_rows() {
  if (!prefill_ || prefill_->ready()) return;
  Prefill& p = *prefill_;
  const std::int64_t end = std::min(p.size(), p.computed + kPromptRows);
  counts_.prompt_tokens += end - p.computed;
  for (; p.computed < end; ++p.computed) {
    rows_.push_back({.prompt = p.place,
                     .shared = p.size(),
                     .slot = 0,
                     .position = p.computed,
                     .token = p.prompt->ids[p.computed],
                     .wants_logits = p.computed + 1 == p.size()});
  }
}

// Draws the next tokens of the pass's first `decoding` rows.
void Generation::advance(std::size_t decoding) {
  worker_.team().share(decoding, 1, [&](const Team::Part& part) {
    for (std::int64_t i = part.first; i < part.last; ++i)
      drawn_[i] = next_token(slot_of(rows_[i]), worker_.logits(i), part.member);
  });
  for (std::size_t i = 0; i < decoding; ++i) append(slot_of(rows_[i]), drawn_[i]);
}

DrawnToken Generation::next_token(const Slot& slot, float* logits, std::int64_t member) {
  return draw_token(worker_.kernels(), logits, worker_.config().vocab, call_.sampling, slot.stream,
                    slot.episode->tokens.size(), orders_[member]);
}

bool Generation::ends(const DrawnToken& token) const {
  const auto& eos = call_.sampling.eos;
  return !fixed_lengths_ && std::find(eos.begin(), eos.end(), token.id) != eos.end();
}

// Frees the slot if the token ends the completion.
void Generation::append(Slot& slot, const DrawnToken& token) {
  Episode& episode = *slot.episode;
  if (token.id < 0) fail_drawing(episode.prompt, episode.sample, std::ssize(episode.tokens));
  episode.tokens.push_back(token.id);
  episode.logp.push_back(token.logp);
  ++slot.position;
  slot.token = token.id;
  ++counts_.tokens;
  if (call_.hooks.on_token) call_.hooks.on_token(token.id);
  const bool eos = ends(token);
  if (!eos && std::ssize(episode.tokens) < slot.limit) return;
  episode.end = eos ? End::eos : End::length;
  if (call_.hooks.on_episode) call_.hooks.on_episode(episode);
  slot.episode = nullptr;
  --users_[slot.place];
}

}  // namespace tinyzero
