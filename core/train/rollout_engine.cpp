#include "core/train/rollout_engine.h"

#include "core/base/error.h"
#include "core/kernels/kernels.h"
#include "core/rollout/cpu/engine.h"
#include "core/transformer/device_choice.h"

namespace tinyzero {

void check_devices(const Experiment& e) {
  for (const auto& [name, device] :
       {std::pair<std::string, std::string>("rollout.device", e.rollout.device),
        {"train.device", e.train.device}}) {
    if (device == "cpu" || has_cuda_device()) continue;
    throw Error(e.place(name), name + " is cuda, and there is none: CUDA is " + cuda_description(),
                "set " + name + ": cpu, or see docs/gpu.md");
  }
}

std::unique_ptr<Engine> rollout_engine(const OpenedRun& parts,
                                       const std::function<void(const std::string&)>& note) {
  const Experiment& e = parts.experiment;
  check_devices(e);
  if (e.rollout.device == "cpu")
    return std::make_unique<CpuEngine>(parts.model,
                                       CpuEngineOptions{e.general.threads, e.rollout.wave, ""});
  return cuda_engine(parts.model, kernels().numbers_per_word == 2 ? Dtype::bf16 : Dtype::f32,
                     note);  // what the trainer multiplies in
}

}  // namespace tinyzero
