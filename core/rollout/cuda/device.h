// What the engine needs from a device: memory, copies, kernels, matrix products, and recordings of
// passes.
//
// Work is done in the order in which it is queued. open_cuda_device() opens a CUDA device; tests
// have a device that runs the same kernels on the host.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "core/model/dtype.h"
#include "core/rollout/cuda/attention_kernels.h"
#include "core/rollout/cuda/row_kernels.h"
#include "core/rollout/cuda/sampling_kernels.h"

namespace tinyzero {

using AnyKernel =
    std::variant<Embed<float>, Embed<Bf16>, RmsNorm<float>, RmsNorm<Bf16>, RotateAndStore<float>,
                 RotateAndStore<Bf16>, Attend<float>, Attend<Bf16>, Combine<float>, Combine<Bf16>,
                 SwiGlu<float>, SwiGlu<Bf16>, DrawTokens, ScoreTargets>;

// y (m, n) = x (m, k) · w (n, k)^T + bias; with `add`, y += x · w^T + bias. All are row-major. x
// and w are of `dtype`, f32 or bf16; bias, y and sums are f32.
struct Product {
  const void* x;
  const void* w;
  const float* bias;  // null: no bias
  float* y;
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  Dtype dtype;
  bool add;
};

class Device {
 public:
  // The work that record() took down, with the arguments it had.
  class Recording {
   public:
    virtual ~Recording() = default;
    virtual void replay() = 0;
  };

  virtual ~Device() = default;
  virtual std::string name() const = 0;
  virtual std::int64_t free_bytes() const = 0;
  // Allocates memory and sets it to 0. Throws Failure if there is not enough.
  virtual void* allocate(std::int64_t bytes) = 0;
  virtual void release(void* memory) noexcept = 0;
  // `from` may change as soon as this returns.
  virtual void upload(void* to, const void* from, std::int64_t bytes) = 0;
  // Waits for what was queued before.
  virtual void download(void* to, const void* from, std::int64_t bytes) = 0;
  virtual void launch(const AnyKernel& kernel) = 0;
  // A row of y is a function of its row of x, of w and of bias: it does not depend on m.
  virtual void multiply(const Product& product) = 0;
  // Takes down what `work` launches and multiplies, without computing it. The recording must not
  // outlive the device.
  virtual std::unique_ptr<Recording> record(const std::function<void()>& work) = 0;
};

// Device memory with an owner.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(std::shared_ptr<Device> device, std::int64_t bytes)
      : memory_(device->allocate(bytes), Release{device}) {}

  template <class T>
  T* as() const {
    return static_cast<T*>(memory_.get());
  }

 private:
  struct Release {
    std::shared_ptr<Device> device;
    void operator()(void* memory) const { device->release(memory); }
  };
  std::unique_ptr<void, Release> memory_;
};

// The CUDA device of that number. Its work runs on a stream of its own; that stream and the default
// stream, on which LibTorch works, wait for each other. Throws Error with a hint if there is no
// device or the build has no CUDA, and Failure with CUDA's message.
std::shared_ptr<Device> open_cuda_device(int number = 0);

// The state of CUDA, for `doctor`: "NVIDIA H100 80GB HBM3, compute 9.0", "built, no device: …" or
// "not built".
std::string cuda_description();

// Whether open_cuda_device() would find one.
bool has_cuda_device();

}  // namespace tinyzero
