// The engine that always works: the trainer's transformer on any device of LibTorch, nothing
// cached.
//
// Each completion is computed by itself, all its tokens anew for every token, in f32: slow, and a
// function of the weights and the prompt alone.
#pragma once

#include "core/rollout/engine.h"
#include "core/transformer/device_operators.h"
#include "core/transformer/transformer.h"

namespace tinyzero {

class TorchEngine : public Engine {
 public:
  // Copies the weights of `model`, which must outlive the engine, to the device.
  TorchEngine(const Model& model, at::Device device);

  void refresh() override { transformer_.upload(); }
  std::vector<Episode> generate(const std::vector<Prompt>& prompts,
                                const Sampling& sampling) override;
  std::vector<std::vector<float>> score(const std::vector<std::vector<std::int32_t>>& sequences,
                                        double temperature) override;
  const DecodeStatistics& statistics() const override { return statistics_; }

 private:
  // Final hidden states of a sequence, after the last norm: (T, D).
  at::Tensor hidden(const std::vector<std::int32_t>& ids);

  // Samples the tokens of an episode: `limit` of them or, where an eos ends it, fewer.
  void complete(std::vector<std::int32_t> ids, std::int64_t limit, std::uint64_t stream,
                const Sampling& sampling, Episode& episode);

  const Model& model_;
  DeviceOperators operators_;
  Transformer transformer_;
  DecodeStatistics statistics_;
  std::vector<std::int32_t> order_;  // memory for draw_token()
};

}  // namespace tinyzero
