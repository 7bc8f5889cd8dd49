// Decoding on a CUDA device.

#include "core/cli/decode.h"
#include "core/cli/output.h"
#include "core/rollout/cuda/device.h"
#include "core/transformer/device_choice.h"

namespace tinyzero {

EngineMaker cuda_engine_maker(const DecodeOptions& options) {
  const Dtype precision =
      options.precision.empty() ? Dtype::f32 : dtype_from_name(options.precision);
  return [device = open_cuda_device(), precision](const Model& model) {
    return device_engine(device, model, precision,
                         [](const std::string& text) { print(stderr, "note: {}\n", text); });
  };
}

}  // namespace tinyzero
