// How kernels are written: once, for CUDA devices and for the host.
//
// A kernel is a struct of its arguments with
//   kThreads                  threads of a block, a multiple of 32
//   Grid grid() const         blocks
//   shared_bytes() const      of memory that a block's threads share
//   operator()(Block&) const  what a block does
// A block works in phases: block.each(f) runs f(thread) for every thread, and no thread enters the
// next phase before all have finished. Within a phase no thread may read what another one writes.
// Local values carry a thread's own state from phase to phase. DeviceBlock runs the phases on a
// device with barriers between them. The block of tests/support/emulated_device.h runs them on the
// host, thread after thread, in either order: so index arithmetic, barriers and results are tested
// without a device.
#pragma once

#include <cstdint>

#include "core/rollout/cuda/number.h"
#include "tinyzero/rng.h"

namespace tinyzero {

struct Grid {
  std::int64_t x, y, z;
};

constexpr int kWarp = 32;

// The number of blocks of `size` that cover n.
TINYZERO_HOST_DEVICE constexpr std::int64_t blocks_of(std::int64_t n, std::int64_t size) {
  return (n + size - 1) / size;
}

#if defined(__CUDACC__)

// A value that every thread has one of.
template <class T>
struct DeviceLocal {
  T value;
  __device__ T& operator[](int) { return value; }
};

template <int kThreads>
class DeviceBlock {
 public:
  template <class T>
  using Local = DeviceLocal<T>;

  __device__ explicit DeviceBlock(unsigned char* shared_memory) : shared(shared_memory) {}

  unsigned char* shared;  // aligned to 16 bytes
  int x = static_cast<int>(blockIdx.x), y = static_cast<int>(blockIdx.y),
      z = static_cast<int>(blockIdx.z);

  template <class F>
  __device__ void each(const F& f) {
    f(static_cast<int>(threadIdx.x));
    __syncthreads();
  }

  // Runs f on thread 0 alone.
  template <class F>
  __device__ void one(const F& f) {
    if (threadIdx.x == 0) f();
    __syncthreads();
  }

  // Replaces each thread's value by the sum, or the largest, of its warp: pairs at distance 16, 8,
  // 4, 2, 1.
  __device__ void warp_sum(Local<float>& x) {
    for (int distance = kWarp / 2; distance > 0; distance /= 2)
      x.value += __shfl_xor_sync(0xFFFFFFFFu, x.value, distance);
  }
  __device__ void warp_max(Local<float>& x) {
    for (int distance = kWarp / 2; distance > 0; distance /= 2)
      x.value = fmaxf(x.value, __shfl_xor_sync(0xFFFFFFFFu, x.value, distance));
  }
};

#endif

}  // namespace tinyzero
