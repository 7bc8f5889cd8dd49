#include "core/base/error.h"
#include "core/kernels/tables.h"

namespace tinyzero {
namespace {

bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq");
}

}  // namespace

const char* const* kernel_names(int& count) {
  static constexpr const char* kNames[] = {"avx512", "avx2", "scalar"};
  const int first = has_avx512() ? 0 : has_avx2() ? 1 : 2;
  count = 3 - first;
  return kNames + first;
}

const Kernels& kernels() {
  if (has_avx512()) return avx512_kernels();
  return has_avx2() ? avx2_kernels() : scalar_kernels();
}

const Kernels& kernels(const std::string& name) {
  if (name == "scalar") return scalar_kernels();
  if (name == "avx2" && has_avx2()) return avx2_kernels();
  if (name == "avx512" && has_avx512()) return avx512_kernels();
  throw Error("no kernels \"" + name + "\" on this machine", "use one of scalar, avx2, avx512 that the CPU supports");
}

}  // namespace tinyzero
