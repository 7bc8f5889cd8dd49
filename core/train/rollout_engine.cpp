#include "core/train/rollout_engine.h"

#include "core/base/error.h"
#include "core/rollout/cpu/engine.h"
#include "core/rollout/reference/device_choice.h"

namespace tinyzero {

void check_device(const Experiment& e) {
  if (e.rollout.device == "cpu" || has_cuda_device()) return;
  throw Error(e.where("rollout.device") + "rollout.device is cuda, and there is none: CUDA is " + cuda_description(),
              "set rollout.device: cpu, or see docs/gpu.md");
}

std::unique_ptr<Engine> rollout_engine(const RunParts& parts, const std::function<void(const std::string&)>& note) {
  const Experiment& e = parts.experiment;
  check_device(e);
  if (e.rollout.device == "cpu") return std::make_unique<CpuEngine>(parts.model, CpuEngineOptions{e.general.threads, e.rollout.wave, ""});
  return cuda_engine(parts.model, kernels().pair == 2 ? Dtype::bf16 : Dtype::f32, note);  // what the trainer multiplies in
}

}  // namespace tinyzero
