// A packed batch for tests of the model.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <vector>

#include "core/transformer/packed_shape.h"
#include "tinyzero/rng.h"

namespace tinyzero {

struct Packed {
  at::Tensor ids, targets;
  std::shared_ptr<PackedShape> shape = std::make_shared<PackedShape>();
};

// Sequences of these lengths with pseudo-random ids.
inline Packed packed(const std::vector<std::int64_t>& lengths, std::int64_t vocab,
                     std::uint64_t seed = 1) {
  Packed out;
  Rng rng(seed);
  std::vector<std::int64_t> ids, targets;
  for (const std::int64_t length : lengths) {
    out.shape->add(length);
    for (std::int64_t t = 0; t < length; ++t) {
      ids.push_back(rng.between(0, vocab - 1));
      targets.push_back(rng.between(0, vocab - 1));
    }
  }
  out.ids = at::tensor(ids);
  out.targets = at::tensor(targets);
  return out;
}

}  // namespace tinyzero
