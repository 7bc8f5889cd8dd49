// The CPU engine. Each worker is a thread with a wave of sequences of its own, and all share the
// packed weights. A model that no cache holds has a single worker whose passes all threads share,
// so that the weights come from memory once per pass and not once per thread.
//
// A worker takes a prompt, computes it once, and starts its samples as slots become free; the slot
// of a finished sequence is refilled immediately. Rows of a pass do not influence each other, and
// randomness is counter-based. So tokens depend neither on the wave, nor on threads, nor on the
// order of work.
#pragma once

#include <string>

#include "core/model/rope.h"
#include "core/rollout/cpu/weights.h"
#include "core/rollout/engine.h"

namespace tinyzero {

struct DecodeModel;

struct CpuEngineOptions {
  std::int64_t threads = 0;  // 0: all that may be used
  // Sequences that a worker decodes at once. 0: the fastest of a few, which are tried before the
  // first large call.
  std::int64_t wave = 0;
  std::string kernels = {};  // by name; empty: those in use (kernels.h)
  bool profile = false;      // measure DecodeStatistics::times
  std::int64_t team = 0;     // threads that share a worker's passes; 0: by the size of the weights
};

class CpuEngine : public Engine {
 public:
  // Works on the weights of `model`, which must outlive the engine; call refresh() after changing
  // them.
  CpuEngine(const Model& model, const CpuEngineOptions& options);

  // Bytes of the packed weights.
  static std::int64_t weight_bytes(const Model& model);

  // The most bytes that such a call of generate() takes for keys, values and rows of passes. It may
  // take less: tuning may choose a narrower wave than the widest it tries.
  struct Call {
    std::int64_t prompts;
    std::int64_t sequences;  // samples of all prompts
    std::int64_t longest_prompt;
    std::int64_t max_tokens;
  };
  static std::int64_t call_bytes(const Model& model, const CpuEngineOptions& options,
                                 const Call& call);

  void refresh() override;

  std::vector<Episode> generate(const std::vector<Prompt>& prompts, const Sampling& sampling,
                                const GenerateHooks& hooks = {}) override;
  std::vector<std::vector<float>> score(const std::vector<std::vector<std::int32_t>>& sequences,
                                        double temperature) override;
  const DecodeStatistics& statistics() const override { return statistics_; }

  std::int64_t threads() const { return threads_; }

 private:
  DecodeModel decode_model() const;
  // Workers for so many prompts or sequences.
  std::int64_t workers(std::int64_t items) const;
  // The wave for a call, tuned if the call is the first that is worth it.
  std::int64_t choose_wave(const Call& call);
  // Rows per second of all threads together, with waves of `wave` at about that context.
  double decode_rate(std::int64_t wave, std::int64_t context) const;

  // Adds what one worker measured.
  void add_times(const DecodeTimes& worker);

  const Model& model_;
  const Kernels& kernels_;
  std::int64_t threads_;
  std::int64_t wave_;
  std::int64_t tuned_wave_ = 0;  // 0: not tuned yet
  bool profile_;
  std::int64_t team_size_;  // threads of a worker
  DecodeWeights packed_;
  RopeTable rope_;
  DecodeStatistics statistics_;
};

}  // namespace tinyzero
