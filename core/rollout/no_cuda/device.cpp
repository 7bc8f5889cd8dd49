// The CUDA device of a build without CUDA: there is none.

#include "core/rollout/cuda/device.h"
#include "core/base/error.h"

namespace tinyzero {

std::shared_ptr<Device> open_cuda_device(int) {
  throw Error("this build has no CUDA",
              "use device cpu, or build on a machine with an NVIDIA GPU and nvcc: ./tinyzero "
              "installs the LibTorch that fits");
}

bool has_cuda_device() { return false; }

std::string cuda_description() { return "not built"; }

}  // namespace tinyzero
