// A golden model, an adapter that has learned, and a loss for their gradients.
#pragma once

#include <string>

#include "core/model/adapter.h"
#include "core/model/folder.h"
#include "core/transformer/operators.h"
#include "support/golden.h"
#include "tinyzero/rng.h"

namespace tinyzero {

// Values as after some training: B is no longer 0.
inline void train_a_little(Adapter& adapter, std::uint64_t seed) {
  Rng rng(seed);
  for (const AdaptedMatrix& m : adapter.matrices())
    for (std::int64_t i = 0; i < m.rows * adapter.options().rank; ++i)
      adapter.values()[m.b + i] = static_cast<float>(0.2 * rng.uniform() - 0.1);
}

inline at::Tensor loss_of(const TokenDistribution& out) {
  const std::int64_t n = out.logp.size(0);
  return (out.logp * at::linspace(-1, 2, n)).sum() + (out.entropy * at::linspace(3, 1, n)).sum();
}

inline Model golden_model(const char* name = "qwen2_tied") {
  return load_model(golden_folder() / "hf" / name);
}

}  // namespace tinyzero
