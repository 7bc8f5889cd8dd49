// AdamW and Muon over what learns of a model, its flat weights or its adapter, gradient clipping,
// and learning-rate schedules.
#pragma once

#include <ATen/ATen.h>

#include <string>

#include "core/base/random_streams.h"
#include "core/optimizer/moments.h"
#include "core/transformer/transformer.h"

namespace tinyzero {

// adamw: every weight by AdamW (Loshchilov & Hutter, arXiv:1711.05101), through LibTorch's fused
// kernel, or, with moments that are not f32,
//        through that of moments.h.
// muon:  the matrices of the layers by Muon (Jordan et al. 2024,
// kellerjordan.github.io/posts/muon), everything else by AdamW. A step of
//        Muon has the same root mean square as one of AdamW (0.2 of the learning rate,
//        arXiv:2502.16982), so one learning rate serves both.
//          M = mu M + (1 - mu) G,  W -= lr 0.2 sqrt(max(rows, columns)) orthogonalize((1 - mu) G +
//          mu M),  mu = 0.95
enum class UpdateRule { adamw, muon };

// Throws Error for another name than adamw and muon.
UpdateRule update_rule_from_name(const std::string& name);

// The nearest matrix with orthonormal rows (or columns, if there are fewer), about: five steps of
// the quintic Newton-Schulz iteration leave singular values between 0.7 and 1.2. (rows, columns) ->
// the same.
at::Tensor orthogonalize(const at::Tensor& matrix);

struct OptimizerOptions {
  double beta1 = 0.9, beta2 = 0.99, eps = 1e-8;  // of AdamW
  double weight_decay = 0;                       // of matrices; norms and biases are not decayed
  std::int64_t threads =
      1;  // for orthogonalizing, for merging an adapter, and for moments that are not f32
  MomentType state = MomentType::f32;
  // After each step weights are rounded stochastically to numbers of bf16: an update is computed in
  // f32, and nothing of it is kept beside them.
  bool bf16_weights = false;
  std::uint64_t seed = 0;  // of what is rounded stochastically
};

class Optimizer {
 public:
  Optimizer(Transformer& model, OptimizerOptions options);

  // One step with the accumulated gradients, which are first scaled to a norm of at most
  // `clip_norm` (0: not) and zeroed afterwards. Returns the norm before clipping. A norm that is
  // not finite changes nothing but zeroes the gradients.
  double step(UpdateRule rule, double learning_rate, double clip_norm);

  std::int64_t steps() const { return steps_; }
  const Moments& moments() const {
    return moments_;
  }  // the first is Muon's M for the matrices it updates
  // Continues from a checkpoint. Throws Error if its moments are of another type or number.
  void restore(std::int64_t steps, const SafetensorsFile& moments);
  // Forgets all moments, as a new optimizer.
  void reset();

 private:
  void adamw(const Transformer::Views& views, double learning_rate, double weight_decay);
  void fused_adamw(const Transformer::Views& views, double learning_rate, double weight_decay);
  void muon(const Transformer::Views& views, double learning_rate);
  std::uint64_t key(RandomStream stream) const;  // of this step

  Transformer& model_;
  OptimizerOptions options_;
  Moments moments_;
  std::int64_t steps_ = 0;
};

// Factor of the peak learning rate at `step` (from 0) of `steps`: rises linearly over `warmup`
// steps, then stays ("constant"), falls to 0 in a line ("linear") or as half a cosine ("cosine").
double schedule_factor(const std::string& schedule, std::int64_t step, std::int64_t steps,
                       std::int64_t warmup);

// The factor after the warm-up, where `progress` of the way is behind.
double decay_factor(const std::string& schedule, double progress);

}  // namespace tinyzero
