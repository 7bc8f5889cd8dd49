// Loops over all numbers of a model, which threads share.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "core/base/workers.h"

namespace tinyzero {

// Numbers that a thread takes at once: a multiple of the blocks of dynamic_code.h and rounding.h.
inline constexpr std::int64_t kPiece = 64 * 256;

// Calls work(begin, end) for pieces of 0 … n-1, on so many threads.
template <class Work>
void in_pieces(std::int64_t n, std::int64_t threads, const Work& work) {
  const std::int64_t pieces = (n + kPiece - 1) / kPiece;
  std::atomic<std::int64_t> next{0};
  run_workers(std::min(threads, pieces), [&](std::int64_t) {
    for (std::int64_t i = next++; i < pieces; i = next++)
      work(i * kPiece, std::min(n, (i + 1) * kPiece));
  });
}

}  // namespace tinyzero
