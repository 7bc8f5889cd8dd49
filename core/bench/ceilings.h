// What this machine can do at most, measured in this process: multiply-adds in registers, matrix
// products from cache, and reading.
#pragma once

#include <string>

#include "core/base/json.h"
#include "core/kernels/kernels.h"

namespace tinyzero {

// All rates are those of all threads together.
struct Ceilings {
  std::string kernels;  // name of the table
  std::int64_t threads = 1;
  double multiply_add = 0;      // GFLOP/s of the kernels' own multiply-adds: the roof
  double multiply_add_f32 = 0;  // GFLOP/s of the f32 kernels' multiply-adds
  double matmul = 0;            // GFLOP/s of large products, one on each thread
  double read_l2 = 0;           // GB/s, each thread reading memory of its own
  double read_l3 = 0;           // GB/s
  double read_memory = 0;       // GB/s
};

// GFLOP/s of the kernels' multiply-adds on all threads right now, from a few milliseconds.
double multiply_add_roof(const Kernels& kernels, std::int64_t threads);

// Takes about a second.
Ceilings measure_ceilings(const Kernels& kernels, std::int64_t threads);
Json ceilings_json(const Ceilings& ceilings);

}  // namespace tinyzero
