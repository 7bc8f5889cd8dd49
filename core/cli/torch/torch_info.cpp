#include "core/cli/delegated/torch_info.h"

#include "core/cli/output.h"
#include "core/rollout/cuda/device.h"

namespace tinyzero {

int run_torch_info(const GlobalOptions&, const TorchInfoOptions&) {
  print_json({{"libtorch", TINYZERO_TORCH}, {"cuda", cuda_description()}});
  return 0;
}

}  // namespace tinyzero
