// The engine on a device: all sequences of a call in one wave, each pass a replayed recording of
// kernels.
//
// A completion has a slot for its keys and values. The rows of a pass are the unfinished
// completions, and a pass is recorded once for each of a few numbers of rows (32, 64, … 1024). The
// device draws tokens, advances rows and notices ends by itself. Every few passes the host looks:
// it takes the new tokens, gives free slots to the next samples, computes the prompts they need,
// and uploads the rows again.
//
// All tokens of a prompt but the last are computed once for all samples; each sample begins with
// the prompt's last token in a slot of its own. The engine keeps the promise of rollout/engine.h:
// kernels treat a row by a fixed sequence of operations, and products do not depend on the number
// of rows (Device::multiply). In f32 it draws the CPU engine's tokens, except where rounding
// decides.
#pragma once

#include <map>
#include <memory>

#include "core/rollout/cuda/pass.h"
#include "core/rollout/engine.h"

namespace tinyzero {

struct DeviceEngineOptions {
  Dtype precision = Dtype::f32;  // matrices, keys and values: f32 or bf16; sums are f32
  std::int64_t slots = 0;        // most completions at once; 0: 1024, or as many as fit in memory
  std::int64_t looks = 8;        // passes between two looks of the host
};

class DeviceEngine : public Engine {
 public:
  // Copies the weights of `model`, which must outlive the engine, to the device; refresh() copies
  // them again after a change. Throws Error if the kernels cannot compute a model of its shape
  // (DevicePass::unsupported).
  DeviceEngine(std::shared_ptr<Device> device, const Model& model,
               const DeviceEngineOptions& options = {});

  void refresh() override;
  void release_scratch() override;
  std::vector<Episode> generate(const std::vector<Prompt>& prompts, const Sampling& sampling,
                                const GenerateHooks& hooks = {}) override;
  std::vector<std::vector<float>> score(const std::vector<std::vector<std::int32_t>>& sequences,
                                        double temperature) override;
  const DecodeStatistics& statistics() const override { return statistics_; }

 private:
  // Makes a pass of that capacity and drops the recordings of the last one, unless that is large
  // enough. Where memory is short, the pass gets fewer slots and prompts than wanted.
  void ensure(PassCapacity wanted);
  PassCapacity capacity_that_fits(const PassCapacity& wanted) const;
  PassCapacity capacity_for(const std::vector<Prompt>& prompts, const Sampling& sampling) const;
  // Computes rows of prompts, in as many passes as they take.
  void compute_prompts(const std::vector<DeviceRow>& rows);
  // One pass over the completions in the first `rows` rows.
  void decode(std::int64_t rows);

  std::shared_ptr<Device> device_;
  const Model& model_;
  DeviceEngineOptions options_;
  UploadedWeights weights_;
  PassCapacity wanted_;  // what was wanted when the pass was made
  std::unique_ptr<DevicePass> pass_;
  // Recordings of decode(), by rows; null after the first pass of that many.
  std::map<std::int64_t, std::unique_ptr<Device::Recording>> recordings_;
  DecodeStatistics statistics_;
};

}  // namespace tinyzero
