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
  std::int64_t prompts = 64, samples = 8;
  std::int64_t prompt_tokens = 50;
  std::int64_t mean_tokens = 150, max_tokens = 400;  // of a completion; equal: all have that length
};

// The presets are tiny, small and medium with vocabularies of 512, 512 and 1,024. Throws Error for
// another name that is no folder.
Model bench_model(const Workload& workload);

// Prompts of random tokens.
std::vector<Prompt> bench_prompts(const Workload& workload, std::int64_t vocab);

// Lengths of all completions, from a fixed stream: exponential with the mean, cut at the maximum.
std::vector<std::int64_t> bench_lengths(const Workload& workload);

// Multiplications and additions that the work needs. Of decoding: 2 a weight of every matrix and
// sampled token, and attention over what stands before it; prompts are not counted. Of training:
// three times the forward pass over all tokens, prompts once a problem, the head at completion
// tokens alone.
double decode_flops(const ModelConfig& config, const Workload& workload,
                    const std::vector<std::int64_t>& lengths);
double train_flops(const ModelConfig& config, const Workload& workload,
                   const std::vector<std::int64_t>& lengths);

}  // namespace tinyzero
