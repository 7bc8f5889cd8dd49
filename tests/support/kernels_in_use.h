// Tests that put tables of kernels into use, and the one that was in use back again.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "core/kernels/kernels.h"

namespace tinyzero {

// The kernels that were in use, again, at the end of a test.
class KernelsKept {
 public:
  KernelsKept() = default;
  KernelsKept(const KernelsKept&) = delete;
  KernelsKept& operator=(const KernelsKept&) = delete;
  ~KernelsKept() { use_kernels(kernels(before_)); }

 private:
  const std::string before_ = kernels().name;
};

// What products may differ by.
struct KernelTolerance {
  double f32, bf16;
};

// Calls work(tolerance) with each table of this machine in use, one after the other.
template <class Work>
void for_kernels(const KernelTolerance& tolerance, const Work& work) {
  const KernelsKept kept;
  for (const char* name : kernel_names()) {
    CAPTURE(name);
    use_kernels(kernels(name));
    work(kernels().numbers_per_word == 1 ? tolerance.f32 : tolerance.bf16);
  }
}

}  // namespace tinyzero
