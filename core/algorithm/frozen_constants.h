// Constants of a loss, for finite differences.
//
// A loss may hold parts of itself constant with detach(), as a clipped ratio that is a weight of
// log-probs. Its gradient is then not the derivative of its value, but that of the loss with those
// constants at rest.
#pragma once

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include <vector>

namespace tinyzero {

// While one lives, its thread's calls of detach() are recorded until hold() is called; from each
// hold() on the calls get the recorded numbers, in the order of the calls.
class FrozenConstants {
 public:
  FrozenConstants();
  ~FrozenConstants();
  FrozenConstants(const FrozenConstants&) = delete;
  FrozenConstants& operator=(const FrozenConstants&) = delete;

  void hold() {
    holds_ = true;
    next_ = 0;
  }

 private:
  static void after_operator(const at::RecordFunction& call, at::ObserverContext*);
  void after_detach(at::Tensor constant);

  std::vector<at::Tensor> constants_;
  std::size_t next_ = 0;
  bool holds_ = false;
  at::CallbackHandle handle_;
};

}  // namespace tinyzero
