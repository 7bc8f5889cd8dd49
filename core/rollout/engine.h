// Decoding: prompts in, sampled completions out.
//
// Every engine keeps the same promise: a completion is a function of (weights, prompt, sampling
// options, item, sample). It does not depend on how many sequences are decoded at once, on threads,
// or on what else is in the batch.
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
  // These name the randomness of its samples, so that some completions of a call can be sampled
  // alone.
  std::int64_t number = -1;       // of the prompt; -1: its place in the call
  std::int64_t first_sample = 0;  // of those that are wanted
};

struct Episode;

struct Sampling {
  std::int64_t max_tokens = 256;  // longest completion
  double temperature = 1.0;       // 0: the likeliest token, no randomness
  std::vector<std::int64_t> eos;  // tokens that end a completion; empty: only the length does
  std::uint64_t seed = 1;
  RandomStream stream = RandomStream::generation;
  std::uint64_t step = 0;
  std::int64_t top_k = 0;  // only the k likeliest tokens are drawn; 0: all
  double top_p = 1.0;  // only the likeliest tokens that together have this probability are drawn
  // For benchmarks: how long each completion is to be, of all prompts and samples in order, at most
  // max_tokens; eos then ends none. Empty: the model decides.
  std::vector<std::int64_t> lengths = {};
  // Called with every token of a completion as it is sampled, the one that ends it included, where
  // there is one prompt and one sample; on the caller's thread.
  std::function<void(std::int32_t token)> on_token = {};
  // Called with every completion as it ends, by one thread at a time, in any order.
  std::function<void(const Episode&)> on_episode = {};
  // Where it is asked for, the call ends with Interrupted within a pass; null: it goes to its end.
  const StopWish* stop = nullptr;
};

enum class End { eos, length };

struct Episode {
  std::int64_t prompt = 0;           // which prompt of the call
  std::int64_t sample = 0;           // which of the prompt's, from its first_sample on
  std::vector<std::int32_t> tokens;  // of the completion; ends with the eos token if `end` is eos
  std::vector<float> logp;  // log-probability of each token under the sampling distribution
                            // (temperature 0: under temperature 1)
  End end = End::length;
};

// How busy an engine was during one call.
struct DecodeStatistics {
  std::int64_t tokens = 0;         // sampled
  std::int64_t prompt_tokens = 0;  // computed for prompts
  double slot_use = 0;  // share of slots that held an unfinished sequence, mean over steps
  // Where the time of all threads went, in seconds, if the engine was asked to keep account: matrix
  // products, attention, sampling, everything else of a pass (norms, rotation, gates), and threads
  // that had nothing left to do.
  double products = 0, attention = 0, sampling = 0, rest = 0, waiting = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  // Completions in the order of prompts, then samples. Throws Error for a prompt that leaves no
  // room in the context.
  virtual std::vector<Episode> generate(const std::vector<Prompt>& prompts,
                                        const Sampling& sampling) = 0;
  // Log-probabilities of each token but the first, given those before it, under softmax(logits /
  // temperature).
  virtual std::vector<std::vector<float>> score(
      const std::vector<std::vector<std::int32_t>>& sequences, double temperature) = 0;
  // To be called after a change of the weights that the engine works on.
  virtual void refresh() = 0;
  // Gives back the memory of a device that only a call needs, to whoever computes there until the
  // next call.
  virtual void release_scratch() {}
  virtual const DecodeStatistics& statistics() const = 0;
};

}  // namespace tinyzero
