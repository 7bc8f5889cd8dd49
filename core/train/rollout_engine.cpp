#include "core/train/rollout_engine.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/config/experiment.h"
#include "core/kernels/kernels.h"
#include "core/model/parameters.h"
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

namespace {

std::unique_ptr<Engine> engine_on(const Model& model, const Experiment& e,
                                  const std::function<void(const std::string&)>& note) {
  if (e.rollout.device == "cpu")
    return std::make_unique<CpuEngine>(
        model, CpuEngineOptions{.threads = e.general.threads, .wave = e.rollout.wave});
  // As the trainer multiplies: so both see the same probabilities.
  const Dtype dtype = kernels().numbers_per_word == 2 ? Dtype::bf16 : Dtype::f32;
  return cuda_engine(model, dtype, note);
}

// Decodes with a copy of the weights, so that they may change meanwhile.
class CopyingEngine : public Engine {
 public:
  CopyingEngine(const Model& model, const Experiment& e,
                const std::function<void(const std::string&)>& note)
      : model_(model),
        copy_(auxiliary_model_of(model, /*value_head=*/false)),
        engine_(engine_on(copy_, e, note)) {}

  std::vector<Episode> generate(const std::vector<Prompt>& prompts, const Sampling& sampling,
                                const GenerateHooks& hooks) override {
    return engine_->generate(prompts, sampling, hooks);
  }
  std::vector<std::vector<float>> score(const std::vector<std::vector<std::int32_t>>& sequences,
                                        double temperature) override {
    return engine_->score(sequences, temperature);
  }
  void refresh() override {
    std::copy_n(model_.weights.data(), copy_.weights.size(), copy_.weights.data());
    engine_->refresh();
  }
  void release_scratch() override { engine_->release_scratch(); }
  const DecodeStatistics& statistics() const override { return engine_->statistics(); }

 private:
  const Model& model_;
  Model copy_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

std::unique_ptr<Engine> rollout_engine(const OpenedRun& run,
                                       const std::function<void(const std::string&)>& note) {
  const Experiment& e = run.experiment;
  check_devices(e);
  if (e.rollout.ahead == 0) return engine_on(run.model, e, note);
  return std::make_unique<CopyingEngine>(run.model, e, note);
}

}  // namespace tinyzero
