// Rows divided among LibTorch's threads.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

namespace tinyzero {

// Rows of one parallel task. Fixed, so that sums do not depend on the number of threads.
inline constexpr std::int64_t kRows = 128;

inline std::int64_t row_chunks(std::int64_t rows) { return (rows + kRows - 1) / kRows; }

// Calls work(first, count) for chunks of kRows rows.
template <class Work>
void for_rows(std::int64_t rows, const Work& work) {
  at::parallel_for(0, row_chunks(rows), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) work(i * kRows, std::min(kRows, rows - i * kRows));
  });
}

// A partial gradient of n floats for each chunk, all 0: (chunks, n). Their sum, in order, is the
// gradient.
inline at::Tensor partial_sums(std::int64_t rows, std::int64_t n) {
  return at::zeros({row_chunks(rows), n});
}

}  // namespace tinyzero
