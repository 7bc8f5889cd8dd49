// What stands in the place of rollout/cuda in a build without CUDA.

#include "core/rollout/cuda/sampling.h"

#include "core/base/error.h"

namespace tinyzero {

void sample_rows(const SamplingRows&, void*) {
  throw Error("this build has no CUDA", "build on a machine with an NVIDIA GPU and nvcc: ./tinyzero installs the LibTorch that fits");
}

std::string cuda_description() { return "not built"; }

}  // namespace tinyzero
