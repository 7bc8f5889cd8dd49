// One worker's share of a call of CpuEngine::generate(): it takes prompts from a common queue, and
// decodes their samples in the slots of its wave.
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "core/rollout/cpu/forward.h"
#include "core/rollout/engine.h"
#include "core/rollout/sampler.h"

namespace tinyzero {

// One call, as all of its workers see it.
struct GenerateCall {
  const std::vector<Prompt>& prompts;
  const Sampling& sampling;
  const GenerateHooks& hooks;
  std::atomic<std::size_t> next_prompt{0};
  std::vector<std::vector<Episode>> episodes;  // by prompt and sample
};

class Generation {
 public:
  // The call and the worker must outlive it; the worker has room for `wave` completions, and for
  // prompts_at_once(wave) prompts.
  Generation(GenerateCall& call, DecodeWorker& worker, std::int64_t wave);

  // Until the call's queue is empty and this worker's completions have ended.
  void run();

  // Prompts that a wave may need at a time: each slot's own, and one that is being computed.
  static std::int64_t prompts_at_once(std::int64_t wave) { return wave + 1; }
  static constexpr std::int64_t kPromptRows = 64;  // tokens of a prompt computed in one pass

  struct Counts {
    std::int64_t passes = 0;
    std::int64_t used_slots = 0;  // summed over passes
    std::int64_t tokens = 0;
    std::int64_t prompt_tokens = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  // The prompt whose samples are started next. It is computed a piece at a time, in passes that
  // decode the completions of earlier prompts as well.
  struct Prefill {
    std::size_t index;  // in the call
    const Prompt* prompt;
    std::int64_t place;         // where the worker stores its keys and values
    std::int64_t computed = 0;  // tokens
    std::int64_t started = 0;   // samples
    std::vector<float> logits;  // (vocab), after the last token; empty until that is computed

    std::int64_t size() const { return std::ssize(prompt->ids); }
    bool ready() const { return !logits.empty(); }
  };

  struct Slot {
    Episode* episode = nullptr;  // null: free
    std::int64_t place = 0;      // of its prompt
    std::int64_t shared = 0;     // tokens of its prompt
    std::int64_t position = 0;   // of `token`
    std::int32_t token = 0;      // the next to compute
    std::uint64_t stream = 0;    // random stream
    std::int64_t limit = 0;      // most tokens of the completion
  };

  void take_prompt();
  void start_samples();
  void start_sample(Slot& slot);
  void add_completion_rows();
  void add_prompt_rows();
  void advance(std::size_t decoding);
  DrawnToken next_token(const Slot& slot, float* logits, std::int64_t member);
  void append(Slot& slot, const DrawnToken& token);
  bool ends(const DrawnToken& token) const;
  Slot& slot_of(const Row& row) { return slots_[row.slot]; }

  GenerateCall& call_;
  DecodeWorker& worker_;
  const bool fixed_lengths_;
  std::vector<Slot> slots_;
  std::vector<std::int64_t> users_;  // by place of a prompt: slots that see it
  std::optional<Prefill> prefill_;   // none: the next prompt is to be taken
  std::vector<Row> rows_;            // of a pass: completions, then tokens of the prompt
  std::vector<DrawnToken> drawn_;    // for the completions of a pass
  std::vector<float> logits_;        // scratch for first tokens
  std::vector<std::vector<std::int32_t>> orders_;  // scratch for sampling, by thread of the team
  Counts counts_;
};

}  // namespace tinyzero
