// Slices from GPU to GPU through NVIDIA's NCCL. It moves bytes and adds nothing, so the bits are
// those of every other engine. In builds for CUDA that find NCCL; nobody has measured it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/ranks/ranks.h"

namespace tinyzero {

class NcclSwap {
 public:
  // All ranks must make one at the same time, each on a GPU of its own: device 0 of its process.
  // `of_first` gives every rank the bytes of the first one. Throws Failure if NCCL or CUDA fails,
  // or does not end within the limit; so does swap().
  NcclSwap(std::int64_t rank, std::int64_t size,
           const std::function<std::string(const std::string&)>& of_first,
           std::chrono::seconds limit);
  // Ends a swap that others are in. Where none should end, exchange something else before.
  ~NcclSwap();

  void swap(const RankSlices& sent, const RankSlices& came);

  // The bus address of device 0, the same for no other GPU of this host; empty if there is none.
  static std::string own_gpu();

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace tinyzero
