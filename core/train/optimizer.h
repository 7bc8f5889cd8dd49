// AdamW over a model's flat weights, gradient clipping, and learning-rate schedules.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "core/model/transformer.h"

namespace tinyzero {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.99, eps = 1e-8;
  double weight_decay = 0;  // of matrices; norms and biases are not decayed
};

// Loshchilov & Hutter, arXiv:1711.05101, through LibTorch's fused kernel.
class AdamW {
 public:
  AdamW(Transformer& model, AdamWOptions options);

  // One step with the accumulated gradients, which are first scaled to a norm of at most `clip_norm` (0: not) and zeroed afterwards.
  // Returns the norm before clipping. A norm that is not finite changes nothing but zeroes the gradients.
  double step(double learning_rate, double clip_norm);

  std::int64_t steps() const { return steps_; }
  const at::Tensor& first_moment() const { return first_; }
  const at::Tensor& second_moment() const { return second_; }
  // Continues from a checkpoint.
  void restore(std::int64_t steps, const std::vector<float>& first, const std::vector<float>& second);
  // Forgets all moments, as a new optimizer.
  void reset();

 private:
  void apply(const Transformer::Views& views, double learning_rate, double weight_decay);
  std::vector<at::Tensor> views_of(const at::Tensor& flat, const std::vector<at::Tensor>& weights) const;

  Transformer& model_;
  AdamWOptions options_;
  at::Tensor first_, second_;
  std::int64_t steps_ = 0;
};

// Factor of the peak learning rate at `step` (from 0) of `steps`: rises linearly over `warmup` steps, then stays ("constant"), falls to
// 0 in a line ("linear") or as half a cosine ("cosine").
double schedule_factor(const std::string& schedule, std::int64_t step, std::int64_t steps, std::int64_t warmup);

}  // namespace tinyzero
