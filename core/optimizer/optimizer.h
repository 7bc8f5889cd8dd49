// AdamW and Muon over what learns of a model, with gradient clipping.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/optimizer/moments.h"
#include "core/optimizer/trained_weights.h"

namespace tinyzero {

class Ranks;

// adamw: every weight by AdamW (Loshchilov & Hutter, arXiv:1711.05101), with LibTorch's fused
//        kernel, or with that of moments.h where moments are not f32.
// muon:  the matrices of the layers by Muon (Jordan et al. 2024,
//        kellerjordan.github.io/posts/muon), everything else by AdamW. A step of Muon has the same
//        root mean square as one of AdamW (0.2 of the learning rate, arXiv:2502.16982), so one
//        learning rate serves both.
//          M = mu M + (1 - mu) G,   mu = 0.95
//          W -= lr 0.2 sqrt(max(rows, columns)) orthogonalize((1 - mu) G + mu M)
enum class UpdateRule { adamw, muon };

// Throws Error for another name than adamw and muon.
UpdateRule update_rule_from_name(const std::string& name);

struct OptimizerOptions {
  double beta1 = 0.9, beta2 = 0.99, eps = 1e-8;  // of AdamW
  double weight_decay = 0;                       // of matrices; norms and biases are not decayed
  // For orthogonalizing, for merging an adapter, and for moments that are not f32.
  std::int64_t threads = 1;
  MomentType state = MomentType::f32;
  // After each step weights are rounded stochastically to numbers of bf16. The update is computed
  // in f32, of which nothing is kept.
  bool bf16_weights = false;
  std::uint64_t seed = 0;  // of stochastic rounding
  // Each of them keeps the moments of its range of the weights and takes their step (stage 1 of
  // ZeRO, Rajbhandari et al., arXiv:1910.02054); null: one process.
  Ranks* ranks = nullptr;
};

class Optimizer {
 public:
  // `weights` must outlive the optimizer.
  Optimizer(TrainedWeights& weights, const OptimizerOptions& options);

  // One step along `gradient`, which is first scaled to a norm of at most `clip_norm` (0: not) and
  // zeroed afterwards. Returns the norm before clipping. A norm that is not finite changes nothing
  // but zeroes the gradient. All ranks must call it, and have the new weights afterwards.
  double step(GradientSum gradient, UpdateRule rule, double learning_rate, double clip_norm);

  std::int64_t steps() const { return steps_; }
  // The first moment is Muon's M for the matrices that it updates. Of this rank's range.
  const Moments& moments() const { return moments_; }
  // Calls take() on the first rank with all bytes of a tensor of moments().tensors(), in order. All
  // ranks must call it for the same tensors.
  void read_moments(const std::string& name, const std::function<void(std::string_view)>& take);

  // Continues from a checkpoint. Throws Error if its moments are of another type or number.
  void restore(std::int64_t steps, const SafetensorsFile& moments);
  // Forgets all moments, as a new optimizer.
  void reset();

 private:
  using Spans = std::vector<WeightSpan>;

  Spans own_parts(const std::vector<TrainedTensor>& tensors) const;
  double norm_of(const at::Tensor& gradient) const;
  void adamw(const Spans& parts, const GradientSum& gradient, double learning_rate,
             double weight_decay);
  void fused_adamw(const Spans& parts, const GradientSum& gradient, double learning_rate,
                   double weight_decay);
  void muon(const GradientSum& gradient, double learning_rate);
  void muon_step(const TrainedTensor& matrix, const GradientSum& gradient, double learning_rate);
  AdamStep adam_step(double learning_rate, double weight_decay) const;

  TrainedWeights& weights_;
  OptimizerOptions options_;
  Ranks& ranks_;
  std::vector<std::int64_t> cuts_;       // between the ranges of ranks
  WeightSpan own_;                       // the range of this one
  std::vector<TrainedTensor> matrices_;  // of the layers, in this range
  Spans embedding_parts_, vector_parts_;
  Moments moments_;
  std::int64_t steps_ = 0;
};

}  // namespace tinyzero
