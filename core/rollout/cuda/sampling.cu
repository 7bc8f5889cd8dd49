// One block a row; see sample_block.h for what its threads do.

#include <cuda_runtime.h>

#include "core/base/error.h"
#include "core/rollout/cuda/sample_block.h"
#include "core/rollout/cuda/sampling.h"

namespace tinyzero {
namespace {

__global__ void sample_rows_kernel(SamplingRows rows) {
  __shared__ SampleScratch scratch;
  const std::int64_t r = blockIdx.x;
  const int thread = static_cast<int>(threadIdx.x);
  const SampleRow row{rows.logits + r * rows.vocab, rows.vocab, rows.temperature, rows.streams[r], rows.indices[r]};
  sample_find_largest(row, scratch, thread);
  __syncthreads();
  if (thread == 0) sample_take_largest(scratch);
  __syncthreads();
  sample_sum_columns(row, scratch, thread);
  __syncthreads();
  if (thread == 0) sample_choose_warp(row, scratch);
  __syncthreads();
  sample_sum_part(row, scratch, thread);
  __syncthreads();
  if (thread != 0) return;
  sample_take_token(row, scratch);
  rows.ids[r] = scratch.id;
  rows.logp[r] = scratch.logp;
}

void check(cudaError_t status, const char* doing) {
  if (status != cudaSuccess)
    throw Failure(std::string("CUDA cannot ") + doing + ": " + cudaGetErrorString(status), "`tinyzero doctor` shows driver and device");
}

}  // namespace

void sample_rows(const SamplingRows& rows, void* stream) {
  if (rows.rows == 0) return;
  sample_rows_kernel<<<static_cast<unsigned>(rows.rows), kSampleThreads, 0, static_cast<cudaStream_t>(stream)>>>(rows);
  check(cudaGetLastError(), "sample tokens");
}

std::string cuda_description() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0) return std::string("built, no device: ") + cudaGetErrorString(status);
  cudaDeviceProp device{};
  if (const cudaError_t described = cudaGetDeviceProperties(&device, 0); described != cudaSuccess)
    return std::string("a device that cannot be described: ") + cudaGetErrorString(described);
  return std::string(device.name) + ", compute " + std::to_string(device.major) + "." + std::to_string(device.minor);
}

}  // namespace tinyzero
