// The synthetic work that benchmarks measure: models of three sizes with random weights, and
// completions of long-tailed lengths.
#pragma once

#include <string>
#include <vector>

#include "core/model/parameters.h"
#include "core/rollout/engine.h"

namespace tinyzero {

struct Workload {
  std::string model = "1M";  // 1M, 5M, 30M, or a Hugging Face folder
  std::int64_t prompts = 64;
  std::int64_t samples = 8;  // completions of a prompt
  std::int64_t prompt_tokens = 50;
  std::int64_t mean_tokens = 150;  // of a completion
  std::int64_t max_tokens = 400;   // of a completion; as many as mean_tokens: all have that length
};

// The presets tiny, small and medium with vocabularies of 512, 512 and 1,024. Throws Error for a
// name that is neither theirs nor a folder's.
Model bench_model(const Workload& workload);

// Lengths of all completions, by prompt and sample, from a fixed stream: exponential with that
// mean, cut at the maximum.
std::vector<std::int64_t> bench_lengths(const Workload& workload);

// Prompts of random tokens, whose completions have these lengths.
std::vector<Prompt> bench_prompts(const Workload& workload, std::int64_t vocab,
                                  const std::vector<std::int64_t>& lengths);

// Multiplications and additions that the work needs.
// Decoding: 2 for each weight of every matrix and each sampled token, and attention over the
// positions up to it; prompts are not counted.
// Training: three times the forward pass over all tokens. Each prompt counts once, and the head
// only at completion tokens.
double decode_flops(const ModelConfig& config, const Workload& workload,
                    const std::vector<std::int64_t>& lengths);
double train_flops(const ModelConfig& config, const Workload& workload,
                   const std::vector<std::int64_t>& lengths);

}  // namespace tinyzero
