// Stands in for core/c10d/nccl_swap.cpp in builds without NCCL: there is no GPU that it could use.
#include "core/c10d/nccl_swap.h"

#include "core/base/error.h"

namespace tinyzero {

struct NcclSwap::Connection {};

NcclSwap::NcclSwap(std::int64_t, std::int64_t,
                   const std::function<std::string(const std::string&)>&, std::chrono::seconds) {
  throw Failure("this build has no NCCL");
}

NcclSwap::~NcclSwap() = default;

void NcclSwap::swap(const RankSlices&, const RankSlices&) {}

std::string NcclSwap::own_gpu() { return {}; }

}  // namespace tinyzero
