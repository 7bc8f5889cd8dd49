// Runs a model on completion tokens.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "core/learn/packing.h"

namespace tinyzero {

class ModelWorkers;
class Transformer;

// Log-probs and entropies or, of a model with a value head, values: (N) each, else undefined.
struct ModelOutput {
  at::Tensor logp;
  at::Tensor entropy;
  at::Tensor value;
};

// The outputs for a packed input, differentiable. Log-probs are of the distribution at
// `temperature`.
ModelOutput run_model(Transformer& model, const ModelInput& input, double temperature);

// The outputs for all sequences, in order, without a gradient.
ModelOutput evaluate_model(ModelWorkers& workers, const std::vector<Sequence>& sequences,
                           std::int64_t micro_batch, double temperature);

}  // namespace tinyzero
