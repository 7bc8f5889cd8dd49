#include "core/transformer/packed_shape.h"

#include <algorithm>

namespace tinyzero {

std::int64_t PackedShape::longest() const {
  std::int64_t most = 1;
  for (std::int64_t s = 0; s < sequences(); ++s)
    most = std::max(most, first_position(s) + length(s));
  return most;
}

void PackedShape::add(std::int64_t length) {
  starts.push_back(starts.back() + length);
  continues.push_back(-1);
}

void PackedShape::add_continuation(std::int64_t length) {
  std::int64_t owner = sequences() - 1;
  while (parent(owner) >= 0) --owner;
  add(length);
  continues.back() = owner;
}

}  // namespace tinyzero
