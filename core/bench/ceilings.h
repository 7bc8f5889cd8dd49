// What this machine can do at most, measured in this process: multiply-adds in registers, matrix
// products from cache, and reading.
#pragma once

#include <string>

#include "core/base/json.h"
#include "core/kernels/kernels.h"

namespace tinyzero {

struct Ceilings {
  std::string kernels;       // that were measured
  std::int64_t threads = 1;  // together
  double multiply_add =
      0;  // GFLOP/s of the kernels' own multiply-adds, all threads: the roof that shares are of
  double multiply_add_f32 = 0;
  double matmul = 0;  // GFLOP/s of a large product by the kernels, one on each thread
  double read_l2 = 0, read_l3 = 0, read_memory = 0;  // GB/s, all threads, each thread its own part
};

// GFLOP/s of the kernels' multiply-adds on all threads right now, from a few milliseconds.
double multiply_add_roof(const Kernels& kernels, std::int64_t threads);

// Takes about a second.
Ceilings measure_ceilings(const Kernels& kernels, std::int64_t threads);
Json ceilings_json(const Ceilings& ceilings);

}  // namespace tinyzero
