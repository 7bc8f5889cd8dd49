// AdamW and Muon over what learns of a model, its flat weights or its adapter, gradient clipping, and learning-rate schedules.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "core/model/transformer.h"

namespace tinyzero {

// adamw: every weight by AdamW (Loshchilov & Hutter, arXiv:1711.05101), through LibTorch's fused kernel.
// muon:  the matrices of the layers by Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon), everything else by AdamW. A step of
//        Muon has the same root mean square as one of AdamW (0.2 of the learning rate, arXiv:2502.16982), so one learning rate serves both.
//          M = mu M + (1 - mu) G,  W -= lr 0.2 sqrt(max(rows, columns)) orthogonalize((1 - mu) G + mu M),  mu = 0.95
enum class UpdateRule { adamw, muon };

// Throws Error for another name than adamw and muon.
UpdateRule update_rule_from_name(const std::string& name);

// The nearest matrix with orthonormal rows (or columns, if there are fewer), about: five steps of the quintic Newton-Schulz iteration
// leave singular values between 0.7 and 1.2. (rows, columns) -> the same.
at::Tensor orthogonalize(const at::Tensor& matrix);

struct OptimizerOptions {
  double beta1 = 0.9, beta2 = 0.99, eps = 1e-8;  // of AdamW
  double weight_decay = 0;                       // of matrices; norms and biases are not decayed
  std::int64_t threads = 1;                      // for orthogonalizing, and for merging an adapter
};

class Optimizer {
 public:
  Optimizer(Transformer& model, OptimizerOptions options);

  // One step with the accumulated gradients, which are first scaled to a norm of at most `clip_norm` (0: not) and zeroed afterwards.
  // Returns the norm before clipping. A norm that is not finite changes nothing but zeroes the gradients.
  double step(UpdateRule rule, double learning_rate, double clip_norm);

  std::int64_t steps() const { return steps_; }
  const at::Tensor& first_moment() const { return first_; }  // Muon's M for the matrices it updates
  const at::Tensor& second_moment() const { return second_; }
  // Continues from a checkpoint.
  void restore(std::int64_t steps, const std::vector<float>& first, const std::vector<float>& second);
  // Forgets all moments, as a new optimizer.
  void reset();

 private:
  void adamw(const Transformer::Views& views, double learning_rate, double weight_decay);
  void muon(const Transformer::Views& views, double learning_rate);

  Transformer& model_;
  OptimizerOptions options_;
  at::Tensor first_, second_;
  std::int64_t steps_ = 0;
};

// Factor of the peak learning rate at `step` (from 0) of `steps`: rises linearly over `warmup` steps, then stays ("constant"), falls to
// 0 in a line ("linear") or as half a cosine ("cosine").
double schedule_factor(const std::string& schedule, std::int64_t step, std::int64_t steps, std::int64_t warmup);

// The factor after the warm-up, where `progress` of the way is behind.
double decay_factor(const std::string& schedule, double progress);

}  // namespace tinyzero
