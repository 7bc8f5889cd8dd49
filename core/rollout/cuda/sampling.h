// Drawing tokens on a CUDA device: softmax, draw and log-probability in one pass, by the rule of sampler.h.
//
// Built from sampling.cu where LibTorch has CUDA and nvcc is there; elsewhere no_cuda/sampling.cpp stands in its place.
#pragma once

#include <cstdint>
#include <string>

namespace tinyzero {

// Arrays in device memory.
struct SamplingRows {
  const float* logits;           // (rows, vocab)
  const std::uint64_t* streams;  // (rows) keys of the rows' random streams
  const std::uint64_t* indices;  // (rows) which number of its stream a row uses
  std::int32_t* ids;             // (rows) out: the tokens
  float* logp;                   // (rows) out: their log-probabilities (temperature 0: under temperature 1)
  std::int64_t rows, vocab;
  double temperature;  // 0: the likeliest token
};

// Queues the work on a stream of the current device (a cudaStream_t; null: the default stream). A row's token is a function of that row
// alone. Throws Failure with CUDA's words, and Error in a build without CUDA.
void sample_rows(const SamplingRows& rows, void* stream);

// What CUDA there is, in words, for `doctor`: "NVIDIA H100 80GB HBM3, compute 9.0", "built, no device: …", "not built".
std::string cuda_description();

}  // namespace tinyzero
