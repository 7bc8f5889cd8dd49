// Numbers that follow each other among those that learn.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tinyzero {

struct WeightSpan {
  std::int64_t offset;
  std::int64_t size;

  std::int64_t end() const { return offset + size; }
  // What both have in common; of size 0 if that is nothing.
  WeightSpan common(const WeightSpan& other) const {
    const std::int64_t first = std::max(offset, other.offset);
    return {first, std::max<std::int64_t>(0, std::min(end(), other.end()) - first)};
  }
};

}  // namespace tinyzero
