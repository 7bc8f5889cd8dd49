#include "core/cli/decode.h"

#include "core/cli/option_checks.h"
#include "core/rollout/cpu/engine.h"

namespace tinyzero {

void add_decode_options(CLI::App& c, DecodeOptions& o) {
  c.add_option("--device", o.device, "where the model decodes: cpu, or cuda, an NVIDIA GPU")
      ->capture_default_str()
      ->check(CLI::IsMember({"cpu", "cuda"}));
  c.add_option("--precision", o.precision,
               "type of products, keys and values: f32 (the default) or bf16; sums are f32")
      ->check(CLI::IsMember({"f32", "bf16"}));
}

EngineMaker engine_maker(const GlobalOptions& global, const DecodeOptions& options) {
  if (options.device != "cpu") {
    if (cuda_engine_maker == nullptr) become_train_program(global);
    return cuda_engine_maker(options);
  }
  const std::string kernel = options.precision.empty() ? "" : kernels_for(options.precision).name;
  return [kernel](const Model& model) {
    return std::make_unique<CpuEngine>(model, CpuEngineOptions{.kernels = kernel});
  };
}

}  // namespace tinyzero
