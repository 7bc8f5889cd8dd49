#include "core/train/rollout_engine.h"

#include "core/base/error.h"
#include "core/config/experiment.h"
#include "core/kernels/kernels.h"
#include "core/rollout/cpu/engine.h"
#include "core/rollout/cuda/device.h"
#include "core/train/opened_run.h"
#include "core/transformer/device_choice.h"

namespace tinyzero {

void check_devices(const Experiment& e) {
  const std::pair<std::string, std::string> settings[] = {{"rollout.device", e.rollout.device},
                                                          {"train.device", e.train.device}};
  for (const auto& [name, device] : settings) {
    if (device == "cpu" || has_cuda_device()) continue;
    throw Error(e.place(name), name + " is cuda, and there is none: CUDA is " + cuda_description(),
                "set " + name + ": cpu, or see docs/gpu.md");
  }
}

std::unique_ptr<Engine> rollout_engine(const OpenedRun& run,
                                       const std::function<void(const std::string&)>& note) {
  const Experiment& e = run.experiment;
  check_devices(e);
  if (e.rollout.device == "cpu")
    return std::make_unique<CpuEngine>(
        run.model, CpuEngineOptions{.threads = e.general.threads, .wave = e.rollout.wave});
  // As the trainer multiplies: so both see the same probabilities.
  const Dtype dtype = kernels().numbers_per_word == 2 ? Dtype::bf16 : Dtype::f32;
  return cuda_engine(run.model, dtype, note);
}

}  // namespace tinyzero
