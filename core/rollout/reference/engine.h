// The engine that always works: plain LibTorch on any of its devices, the operations of model/reference.h, nothing cached.
//
// Each completion is computed by itself, all its tokens anew for every token, in f32: slow, and a function of the weights and the prompt alone.
#pragma once

#include <ATen/ATen.h>

#include "core/model/parameters.h"
#include "core/model/rope.h"
#include "core/rollout/engine.h"

namespace tinyzero {

class ReferenceEngine : public Engine {
 public:
  // Copies the weights of `model`, which must outlive the engine, to the device.
  ReferenceEngine(const Model& model, at::Device device);

  void refresh() override;
  std::vector<Episode> generate(const std::vector<Prompt>& prompts, const Sampling& sampling) override;
  std::vector<std::vector<float>> score(const std::vector<std::vector<std::int32_t>>& sequences, double temperature) override;
  const DecodeStatistics& statistics() const override { return statistics_; }

 private:
  at::Tensor weight(std::int64_t offset, std::vector<std::int64_t> shape) const;
  // Final hidden states of a sequence, after the last norm: (T, D).
  at::Tensor hidden(const std::vector<std::int32_t>& ids);
  // Logits of some of them, on the CPU: (M, D) -> (M, V).
  at::Tensor logits(const at::Tensor& rows) const;

  const Model& model_;
  at::Device device_;
  at::Tensor weights_;  // (layout's size)
  std::shared_ptr<RopeTable> rope_;
  DecodeStatistics statistics_;
};

}  // namespace tinyzero
