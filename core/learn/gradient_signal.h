// How much of an update's gradient is signal, and how much depends on the problems it happened to
// draw.
//
// An update's problems are two halves, whose gradients g_a and g_b are independent estimates of
// parts of one mean gradient G: with the shares w_a + w_b = 1 of the problems,
//
//   E[g_a · g_b] = w_a w_b |G|²,   E|g_a + g_b|² = |G|² + noise
//
// (after McCandlish et al., arXiv:1812.06162, appendix A). Both are taken over a sample of the
// weights.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "core/run/noise_scale.h"

namespace tinyzero {

class ModelWorkers;

// The gradients of the halves, by shard. A shard computes its part of the first half before its
// part of the second.
class GradientHalves {
 public:
  // `numbers`: of the whole gradient.
  GradientHalves(std::int64_t numbers, std::int64_t shards);

  // With the gradient of a shard so far, (P): after its part of the first half, and after all of
  // its work. Shards may call them at the same time.
  void end_first(std::int64_t shard, const at::Tensor& gradient);
  void end(std::int64_t shard, const at::Tensor& gradient);

  // Gives every rank the samples of all shards.
  void share(const ModelWorkers& workers);

  // `first_share`: of the problems that are in the first half, between 0 and 1.
  GradientSignal measure(double first_share) const;

 private:
  // Of one shard; empty: it had no work there.
  struct Sampled {
    std::vector<float> first;
    std::vector<float> all;
  };

  std::vector<float> sample(const at::Tensor& gradient) const;

  std::int64_t stride_;
  std::vector<Sampled> shards_;
};

}  // namespace tinyzero
