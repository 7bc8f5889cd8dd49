// Matrix products by cuBLASLt whose rows do not depend on how many rows there are.
//
// cuBLASLt chooses an algorithm by shape, and another algorithm sums in another order. Here one
// algorithm is chosen for each matrix, for the largest number of rows, without splitting the inner
// dimension, and used for all.
#pragma once

#include <memory>

#include "core/rollout/cuda/device.h"

struct CUstream_st;

namespace tinyzero {

class CudaProducts {
 public:
  // On that stream of the current device. Throws Failure with cuBLAS's words.
  explicit CudaProducts(CUstream_st* stream);
  ~CudaProducts();

  // Queues the product. The first of its kind (n, k, type, bias or add) asks cuBLASLt for an
  // algorithm.
  void multiply(const Product& product);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tinyzero
