// Decoding: prompts in, sampled completions out.
//
// Every engine keeps the same promise: a completion is a function of the weights, the prompt, the
// sampling options, and the numbers of the prompt and the sample. It does not depend on how many
// sequences are decoded at once, on threads, or on what else is in the batch.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/random_streams.h"
#include "core/base/stop.h"

namespace tinyzero {

// One prompt, to be completed `samples` times.
struct Prompt {
  std::vector<std::int32_t> ids;  // at least one
  std::int64_t samples = 1;
  // These two name the randomness of the samples, so that a call can repeat some completions of
  // another call.
  std::int64_t number = -1;       // the prompt's number; -1: its index in the call
  std::int64_t first_sample = 0;  // number of the first of the samples
  // For benchmarks: the exact length of each sample, 1 … max_tokens; end tokens are then ignored.
  // Empty: the model decides. All prompts of a call fix their lengths, or none does.
  std::vector<std::int64_t> lengths = {};
};

// How tokens are drawn.
struct Sampling {
  std::int64_t max_tokens = 256;       // longest completion
  double temperature = 1.0;            // 0: the likeliest token, no randomness
  std::vector<std::int64_t> eos = {};  // tokens that end a completion; empty: only the length does
  std::uint64_t seed = 1;
  RandomStream stream = RandomStream::generation;
  std::uint64_t step = 0;
  std::int64_t top_k = 0;  // only the k likeliest tokens are drawn; 0: all
  double top_p = 1.0;  // only the likeliest tokens that together have this probability are drawn
};

enum class End { eos, length };

struct Episode {
  std::int64_t prompt = 0;           // index of the prompt in the call
  std::int64_t sample = 0;           // number of the sample, counted from the prompt's first_sample
  std::vector<std::int32_t> tokens;  // the completion, with the end token if `end` is eos
  // Log-probability of each token under the sampling distribution; at temperature 0, under
  // temperature 1.
  std::vector<float> logp;
  End end = End::length;
};

// Callbacks of a call of generate(), and its stop request.
struct GenerateHooks {
  // Called with every token as it is sampled, the end token included, on the caller's thread. Only
  // for a call of one prompt and one sample: generate() throws Error for others.
  std::function<void(std::int32_t token)> on_token = {};
  // Called with every completion as it ends, by one thread at a time, in any order.
  std::function<void(const Episode&)> on_episode = {};
  // Once it is set, the call throws Interrupted within a pass. Null: nothing ends the call early.
  const StopRequest* stop = nullptr;
};

// Where the time of all threads went, in seconds.
struct DecodeTimes {
  double products = 0;
  double attention = 0;
  double norms_and_gates = 0;  // and rotation, copies and whatever else a pass does
  double sampling = 0;
  double waiting = 0;  // threads without work, at the end of a call

  double all() const { return products + attention + norms_and_gates + sampling + waiting; }
};

// How busy an engine was during one call.
struct DecodeStatistics {
  std::int64_t tokens = 0;         // tokens sampled
  std::int64_t prompt_tokens = 0;  // tokens of prompts computed
  double slot_use = 0;             // share of slots with an unfinished sequence, mean over passes
  DecodeTimes times;               // all 0 unless the engine profiles
};

class Engine {
 public:
  virtual ~Engine() = default;
  // Completions in the order of prompts, then samples. Throws Error for what check_call()
  // (prompt_check.h) refuses, NotFinite for logits that are not finite.
  virtual std::vector<Episode> generate(const std::vector<Prompt>& prompts,
                                        const Sampling& sampling,
                                        const GenerateHooks& hooks = {}) = 0;
  // The log-probability of each token but the first, given the tokens before it, under
  // softmax(logits / temperature).
  virtual std::vector<std::vector<float>> score(
      const std::vector<std::vector<std::int32_t>>& sequences, double temperature) = 0;
  // Must be called after the weights that the engine works on have changed.
  virtual void refresh() = 0;
  // Frees the device memory that the engine needs only during calls, for other work between them;
  // the next call allocates it again. An engine without such memory does nothing.
  virtual void release_scratch() {}
  virtual const DecodeStatistics& statistics() const = 0;
};

}  // namespace tinyzero
