#include "core/cli/decode.h"

#include "core/rollout/cpu/engine.h"

namespace tinyzero {

EngineMaker cpu_engine_maker(const DecodeOptions& options) {
  const std::string kernel = options.precision.empty() ? "" : kernels_for(options.precision).name;
  return [kernel](const Model& model) {
    return std::make_unique<CpuEngine>(model, CpuEngineOptions{.kernels = kernel});
  };
}

}  // namespace tinyzero
