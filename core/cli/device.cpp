// Decoding on a device, as the program tinyzero-train has it.

#include "core/cli/decode.h"
#include "core/cli/output.h"
#include "core/transformer/device_choice.h"

namespace tinyzero {

EngineMaker engine_maker(const GlobalOptions&, const DecodeOptions& options) {
  if (options.device == "cpu") return cpu_engine_maker(options);
  const Dtype precision =
      options.precision.empty() ? Dtype::f32 : dtype_from_name(options.precision);
  return [device = open_cuda_device(), precision](const Model& model) {
    return device_engine(device, model, precision,
                         [](const std::string& text) { print(stderr, "note: {}\n", text); });
  };
}

}  // namespace tinyzero
