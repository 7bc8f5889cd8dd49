// What a device must do, whichever it is: checks of the engine on an emulated device and on a CUDA
// device.
#pragma once

#include <memory>

#include "core/rollout/cuda/device.h"

namespace tinyzero {

// Log-probs and greedy tokens of the golden folders, which were made with transformers.
void check_golden_models(const std::shared_ptr<Device>& device);

// In f32 the tokens that the CPU engine's scalar kernels draw, with end tokens, limits, top-k and
// top-p, and nearly their log-probs.
void check_tokens_of_cpu(const std::shared_ptr<Device>& device);

// Episodes and scores are the same bit for bit with any number of slots, any number of passes
// between looks, and in any company.
void check_independence(const std::shared_ptr<Device>& device, Dtype precision);

// Heads, groups and lengths of many sizes: one long completion of a long prompt, over several parts
// of either, against the CPU engine.
void check_shapes(const std::shared_ptr<Device>& device);

// In bf16, scores near those in f32, and not the same.
void check_bf16(const std::shared_ptr<Device>& device);

// Products of many shapes against sums in double, and rows that do not depend on the number of
// rows.
void check_products(Device& device);

}  // namespace tinyzero
