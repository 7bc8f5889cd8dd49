// A device for tests: the kernels of rollout/cuda run on the host, block after block and thread
// after thread.
//
// Phases end where the barriers of a device stand. Within a phase the threads run one after the
// other, in rising or in falling order, and so do the blocks of a kernel: what differs between the
// two orders would be a race on a device. Shared memory begins as NaN. A recording keeps the
// arguments that launches had, as a graph does.
#pragma once

#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "core/rollout/cuda/device.h"

namespace tinyzero {

template <int kThreads>
class EmulatedBlock {
 public:
  template <class T>
  using Local = std::array<T, kThreads>;

  EmulatedBlock(unsigned char* shared_memory, bool falling)
      : shared(shared_memory), falling_(falling) {}

  unsigned char* shared;
  int x = 0, y = 0, z = 0;

  template <class F>
  void each(const F& f) {
    for (int i = 0; i < kThreads; ++i) f(falling_ ? kThreads - 1 - i : i);
  }
  template <class F>
  void one(const F& f) {
    f();
  }
  void warp_sum(Local<float>& x) {
    butterfly(x, [](float a, float b) { return a + b; });
  }
  void warp_max(Local<float>& x) {
    butterfly(x, [](float a, float b) { return std::fmax(a, b); });
  }

 private:
  template <class F>
  static void butterfly(Local<float>& x, const F& f) {
    for (int distance = kWarp / 2; distance > 0; distance /= 2) {
      const Local<float> before = x;
      for (int t = 0; t < kThreads; ++t)
        x[static_cast<std::size_t>(t)] =
            f(before[static_cast<std::size_t>(t)], before[static_cast<std::size_t>(t ^ distance)]);
    }
  }

  bool falling_;
};

template <class Kernel>
void emulate(const Kernel& kernel, bool falling = false) {
  const Grid grid = kernel.grid();
  // As many bytes as a device would give, on the heap, where a sanitizer sees what is beyond;
  // 16-byte aligned.
  const auto bytes = static_cast<std::size_t>(kernel.shared_bytes());
  const std::unique_ptr<unsigned char[]> memory(
      new unsigned char[std::max<std::size_t>(bytes, 16)]);
  const std::int64_t blocks = grid.x * grid.y * grid.z;
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::int64_t b = falling ? blocks - 1 - i : i;
    std::memset(memory.get(), 0xFF, bytes);
    EmulatedBlock<Kernel::kThreads> block(memory.get(), falling);
    block.x = static_cast<int>(b % grid.x);
    block.y = static_cast<int>(b / grid.x % grid.y);
    block.z = static_cast<int>(b / grid.x / grid.y);
    kernel(block);
  }
}

class EmulatedDevice : public Device {
 public:
  struct Options {
    std::int64_t memory = std::int64_t{4} << 30;  // bytes
    bool falling = false;                         // order of threads and blocks
  };

  EmulatedDevice() = default;
  explicit EmulatedDevice(const Options& options) : options_(options) {}

  std::string name() const override { return "host"; }
  std::int64_t free_bytes() const override { return options_.memory - used_; }
  void* allocate(std::int64_t bytes) override;
  void release(void* memory) noexcept override;
  void upload(void* to, const void* from, std::int64_t bytes) override {
    std::memcpy(to, from, static_cast<std::size_t>(bytes));
  }
  void download(void* to, const void* from, std::int64_t bytes) override {
    std::memcpy(to, from, static_cast<std::size_t>(bytes));
  }
  void launch(const AnyKernel& kernel) override;
  void multiply(const Product& product) override;
  std::unique_ptr<Recording> record(const std::function<void()>& work) override;

  std::int64_t used() const { return used_; }
  std::int64_t recordings = 0, replays = 0;

 private:
  class Script;

  Options options_;
  std::map<void*, std::unique_ptr<char[]>> blocks_;
  std::map<void*, std::int64_t> sizes_;
  std::int64_t used_ = 0;
  Script* script_ = nullptr;  // that is being recorded
};

}  // namespace tinyzero
