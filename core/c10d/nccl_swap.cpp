#include "core/c10d/nccl_swap.h"

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "core/base/error.h"

namespace tinyzero {
namespace {

using std::chrono::steady_clock;

constexpr auto kPause = std::chrono::microseconds(20);

void check(cudaError_t result, const char* what) {
  if (result == cudaSuccess) return;
  throw Failure(std::string("CUDA failed in ") + what + ": " + cudaGetErrorString(result));
}

// A communicator that does not block says that a call goes on.
void check(ncclResult_t result, const char* what) {
  if (result == ncclSuccess || result == ncclInProgress) return;
  throw Failure(std::string("NCCL failed in ") + what + ": " + ncclGetErrorString(result));
}

// Floats on the device, as many as were ever asked for.
class DeviceFloats {
 public:
  DeviceFloats() = default;
  DeviceFloats(const DeviceFloats&) = delete;
  DeviceFloats& operator=(const DeviceFloats&) = delete;
  ~DeviceFloats() { cudaFree(data_); }

  float* enlarged(std::size_t size) {
    if (size <= size_) return data_;
    check(cudaFree(data_), "freeing a buffer");
    data_ = nullptr;
    void* made = nullptr;
    check(cudaMalloc(&made, size * sizeof(float)), "making a buffer");
    data_ = static_cast<float*>(made);
    size_ = size;
    return data_;
  }

 private:
  float* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace

struct NcclSwap::Connection {
  const std::int64_t size;
  const std::chrono::seconds limit;
  ncclComm_t ranks = nullptr;
  cudaStream_t stream = nullptr;
  DeviceFloats sent, came;

  Connection(std::int64_t ranks_in_all, std::chrono::seconds longest)
      : size(ranks_in_all), limit(longest) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (ranks != nullptr) ncclCommAbort(ranks);
    if (stream != nullptr) cudaStreamDestroy(stream);
  }

  // Of the communicator: in progress or done. Throws if it failed.
  ncclResult_t state(const char* what) const {
    ncclResult_t state = ncclSuccess;
    check(ncclCommGetAsyncError(ranks, &state), what);
    check(state, what);
    return state;
  }
  // Until `is_done`; throws if NCCL fails meanwhile, or at the limit.
  void await(const char* what, const std::function<bool()>& is_done) const {
    const auto end = steady_clock::now() + limit;
    while (!is_done()) {
      state(what);
      if (steady_clock::now() > end) throw Failure(std::string("NCCL did not end ") + what);
      std::this_thread::sleep_for(kPause);
    }
  }
  // Until the call that was made last has been taken up.
  void await_call(const char* what) const {
    await(what, [&] { return state(what) == ncclSuccess; });
  }
};

NcclSwap::NcclSwap(std::int64_t rank, std::int64_t size,
                   const std::function<std::string(const std::string&)>& of_first,
                   std::chrono::seconds limit)
    : connection_(std::make_unique<Connection>(size, limit)) {
  ncclUniqueId id{};
  if (rank == 0) check(ncclGetUniqueId(&id), "naming the group");
  const std::string named = of_first(std::string(id.internal, sizeof id.internal));
  std::memcpy(id.internal, named.data(), std::min(named.size(), sizeof id.internal));
  Connection& c = *connection_;
  check(cudaSetDevice(0), "choosing the GPU");
  check(cudaStreamCreateWithFlags(&c.stream, cudaStreamNonBlocking), "making a stream");
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  check(
      ncclCommInitRankConfig(&c.ranks, static_cast<int>(size), id, static_cast<int>(rank), &config),
      "connecting");
  c.await_call("connecting");
}

NcclSwap::~NcclSwap() = default;

void NcclSwap::swap(const RankSlices& sent, const RankSlices& came) {
  Connection& c = *connection_;
  const float* from = c.sent.enlarged(sent.values.size());
  float* to = c.came.enlarged(came.values.size());
  check(cudaMemcpyAsync(const_cast<float*>(from), sent.values.data(), sent.values.size_bytes(),
                        cudaMemcpyHostToDevice, c.stream),
        "copying to the GPU");
  check(ncclGroupStart(), "beginning a swap");
  for (std::int64_t r = 0; r < c.size; ++r) {
    const auto sends = static_cast<std::size_t>(sent.sizes[r]);
    const auto receives = static_cast<std::size_t>(came.sizes[r]);
    if (sends > 0)
      check(ncclSend(from, sends, ncclFloat, static_cast<int>(r), c.ranks, c.stream), "sending");
    if (receives > 0)
      check(ncclRecv(to, receives, ncclFloat, static_cast<int>(r), c.ranks, c.stream), "receiving");
    from += sends;
    to += receives;
  }
  check(ncclGroupEnd(), "a swap");
  c.await_call("a swap");
  check(cudaMemcpyAsync(came.values.data(), to - came.values.size(), came.values.size_bytes(),
                        cudaMemcpyDeviceToHost, c.stream),
        "copying from the GPU");
  c.await("a swap", [&] {
    const cudaError_t state = cudaStreamQuery(c.stream);
    if (state != cudaErrorNotReady) check(state, "a swap");
    return state == cudaSuccess;
  });
}

std::string NcclSwap::own_gpu() {
  char address[32] = {};
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) return {};
  check(cudaDeviceGetPCIBusId(address, sizeof address, 0), "asking for the GPU's address");
  return address;
}

}  // namespace tinyzero
