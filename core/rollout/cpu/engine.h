// The CPU engine: one worker a thread, each with its own wave of sequences, all sharing the packed
// weights; of models that no cache holds, one worker whose passes all threads share, so that the
// weights come from memory once and not once a thread.
//
// A worker takes a prompt, computes it once, and starts its samples from that as slots fall free; a
// finished sequence's slot is refilled at once. Rows of one pass do not influence each other and
// randomness is counter-based, so the tokens do not depend on the wave, the threads or the order of
// work.
#pragma once

#include <memory>
#include <string>

#include "core/rollout/cpu/forward.h"
#include "core/rollout/engine.h"

namespace tinyzero {

struct CpuEngineOptions {
  std::int64_t threads = 0;  // 0: as many as may be used
  std::int64_t wave = 0;     // sequences a worker decodes at once; 0: the fastest of a few, tried
                             // before the first large call
  std::string kernels = {};  // by name; empty: those in use (kernels.h)
  bool account = false;      // keep account of where the time goes (statistics)
  std::int64_t team = 0;     // threads that share a worker's passes; 0: by the size of the weights
};

class CpuEngine : public Engine {
 public:
  // Works on the weights of `model`, which must outlive the engine; call refresh() after changing
  // them.
  CpuEngine(const Model& model, const CpuEngineOptions& options);

  // Bytes of its packed weights, and those that a call of generate() takes for keys, values and
  // rows in work: at most, since a wave that is tuned may be narrower than the widest that is
  // tried.
  static std::int64_t weight_bytes(const Model& model);
  struct Call {
    std::int64_t prompts, sequences;  // of all prompts
    std::int64_t longest_prompt, max_tokens;
  };
  static std::int64_t call_bytes(const Model& model, const CpuEngineOptions& options,
                                 const Call& call);

  void refresh() override;

  std::vector<Episode> generate(const std::vector<Prompt>& prompts,
                                const Sampling& sampling) override;
  std::vector<std::vector<float>> score(const std::vector<std::vector<std::int32_t>>& sequences,
                                        double temperature) override;
  const DecodeStatistics& statistics() const override { return statistics_; }

  // Logits (vocab) after the last of `ids`: for tests and `model score`.
  std::vector<float> last_logits(const std::vector<std::int32_t>& ids);

  const char* kernel_name() const { return kernels_.name; }
  std::int64_t threads() const { return threads_; }

 private:
  // The wave for completions of `total` tokens at most, `longest` the longest prompt and `room` the
  // most tokens of a completion.
  std::int64_t choose_wave(std::int64_t total, std::int64_t sequences, std::int64_t longest,
                           std::int64_t room);
  // Rows a second of all threads with waves of `wave` at about that context.
  double decode_rate(std::int64_t wave, std::int64_t context) const;

  const Model& model_;
  const Kernels& kernels_;
  std::int64_t threads_, wave_;
  std::int64_t tuned_ = 0;  // 0: not yet
  bool account_;
  std::int64_t team_size_;  // threads of a worker
  DecodeWeights packed_;
  RopeTable rope_;
  DecodeStatistics statistics_;
};

}  // namespace tinyzero
