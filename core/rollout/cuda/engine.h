// The engine on a device: all sequences of a call in one wave, each pass a replayed recording of
// the kernels.
//
// A completion has a slot for its keys and values. Rows of a pass are the completions that go on,
// and a pass is recorded once for each of a few numbers of rows (32, 64, … 1024); the device moves
// rows on, draws tokens and notices ends by itself. Every few passes the host looks: it takes the
// new tokens, gives slots that fell free to the next samples, computes the prompts that those need,
// and uploads the rows anew.
//
// A prompt's tokens but the last are computed once, whatever its samples; each sample begins with
// the prompt's last token in its own slot. The engine keeps the promise of rollout/engine.h:
// kernels treat a row by a fixed sequence of operations, and products do not depend on the number
// of rows (Device::multiply). With f32 it draws the tokens that the CPU engine draws, but where
// rounding decides.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/rollout/cuda/pass.h"
#include "core/rollout/engine.h"

namespace tinyzero {

struct DeviceEngineOptions {
  Dtype precision = Dtype::f32;  // of matrices, keys and values: f32 or bf16; sums are f32
  std::int64_t slots = 0;  // completions at once, at most; 0: 1024, or as many as fit in memory
  std::int64_t looks = 8;  // passes between two looks of the host
};

class DeviceEngine : public Engine {
 public:
  // Copies the weights of `model`, which must outlive the engine, to the device; refresh() copies
  // them anew after a change. Throws Error if the kernels cannot do its shape
  // (DevicePass::unsupported).
  DeviceEngine(std::shared_ptr<Device> device, const Model& model,
               const DeviceEngineOptions& options = {});

  // Works on weights that lie on the device: `shape` says where each stands and is asked for
  // nothing else; all must outlive the engine. What is written there before a call is used by it,
  // with no refresh().
  DeviceEngine(std::shared_ptr<Device> device, const Model& shape, const DeviceWeights& weights,
               const DeviceEngineOptions& options);

  void refresh() override;
  void release_scratch() override;
  std::vector<Episode> generate(const std::vector<Prompt>& prompts,
                                const Sampling& sampling) override;
  std::vector<std::vector<float>> score(const std::vector<std::vector<std::int32_t>>& sequences,
                                        double temperature) override;
  const DecodeStatistics& statistics() const override { return statistics_; }

 private:
  // Makes the pass and forgets its recordings, unless the one there is has such room. Where memory
  // is short there are fewer slots and prompts than are wanted.
  void ensure(PassRoom wanted);
  PassRoom room_that_fits(const PassRoom& wanted) const;
  PassRoom room_for(const std::vector<Prompt>& prompts, const Sampling& sampling) const;
  // Rows of prompts, in as many passes as it takes.
  void compute_prompts(const std::vector<DeviceRow>& rows);
  // A pass over the completions in the first `rows` rows.
  void decode(std::int64_t rows);

  std::shared_ptr<Device> device_;
  const Model& model_;
  DeviceEngineOptions options_;
  std::optional<UploadedWeights> uploaded_;
  DeviceWeights weights_;
  PassRoom wanted_;  // when the pass was made
  std::unique_ptr<DevicePass> pass_;
  std::map<std::int64_t, std::unique_ptr<Device::Recording>>
      recordings_;  // of decode(), by rows; null after the first
  DecodeStatistics statistics_;
};

}  // namespace tinyzero
