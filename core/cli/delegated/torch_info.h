// torch-info: LibTorch and CUDA in words, for `doctor`. Hidden.
#pragma once

#include "core/cli/commands.h"

namespace tinyzero {

struct TorchInfoOptions {};

[[gnu::weak]] int run_torch_info(const GlobalOptions&, const TorchInfoOptions&);

}  // namespace tinyzero
