// The kernels on a CUDA device: memory, launches, graphs.

#include <cuda_runtime.h>

#include <utility>

#include "core/base/error.h"
#include "core/rollout/cuda/cuda_products.h"
#include "core/rollout/cuda/device.h"

namespace tinyzero {
namespace {

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads) run_kernel(const Kernel kernel) {
  extern __shared__ __align__(16) unsigned char shared[];
  DeviceBlock<Kernel::kThreads> block(shared);
  kernel(block);
}

void check(cudaError_t status, const std::string& doing) {
  if (status != cudaSuccess)
    throw Failure("CUDA cannot " + doing + ": " + cudaGetErrorString(status),
                  "`tinyzero doctor` shows driver and device");
}

class CudaDevice : public Device {
 public:
  explicit CudaDevice(int number) : number_(number) {
    check(cudaSetDevice(number), "use device " + std::to_string(number));
    check(cudaStreamCreate(&stream_), "make a stream");
    products_ = std::make_unique<CudaProducts>(stream_);
    std::apply([](auto... kernels) { (allow_shared_memory(kernels), ...); },
               all_kernels(static_cast<AnyKernel*>(nullptr)));
  }
  ~CudaDevice() override {
    cudaStreamSynchronize(stream_);
    products_.reset();
    cudaStreamDestroy(stream_);
  }
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;

  std::string name() const override { return describe(number_); }

  std::int64_t free_bytes() const override {
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "say how much memory is free");
    return static_cast<std::int64_t>(free);
  }

  void* allocate(std::int64_t bytes) override {
    void* memory = nullptr;
    const std::size_t size = bytes;
    if (const cudaError_t status = cudaMalloc(&memory, size); status != cudaSuccess) {
      cudaGetLastError();  // or the next call would report it again
      throw Failure("the device has no room for " + std::to_string(bytes >> 20) +
                        " MiB more: " + cudaGetErrorString(status),
                    "lower max_tokens, use precision bf16, or free memory of the device");
    }
    check(cudaMemsetAsync(memory, 0, size, stream_), "clear memory");
    return memory;
  }

  void release(void* memory) noexcept override {
    cudaStreamSynchronize(stream_);
    cudaFree(memory);
  }

  void upload(void* to, const void* from, std::int64_t bytes) override {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_), "copy to the device");
    check(cudaStreamSynchronize(stream_),
          "copy to the device");  // `from` may be pinned memory, which is not staged
  }

  void download(void* to, const void* from, std::int64_t bytes) override {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_),
          "copy from the device");
    check(cudaStreamSynchronize(stream_), "finish the work before a copy");
  }

  void launch(const AnyKernel& kernel) override {
    std::visit([&](const auto& k) { launch_one(k); }, kernel);
  }

  void multiply(const Product& product) override { products_->multiply(product); }

  std::unique_ptr<Recording> record(const std::function<void()>& work) override {
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "record a pass");
    cudaGraph_t graph = nullptr;
    try {
      work();
    } catch (...) {
      cudaStreamEndCapture(stream_, &graph);
      if (graph != nullptr) cudaGraphDestroy(graph);
      throw;
    }
    check(cudaStreamEndCapture(stream_, &graph), "record a pass");
    cudaGraphExec_t runnable = nullptr;
    const cudaError_t made = cudaGraphInstantiate(&runnable, graph, 0);
    cudaGraphDestroy(graph);
    check(made, "make a graph of a pass");
    return std::make_unique<Graph>(runnable, stream_);
  }

  static std::string describe(int number) {
    cudaDeviceProp device{};
    if (const cudaError_t described = cudaGetDeviceProperties(&device, number);
        described != cudaSuccess)
      return std::string("a device that cannot be described: ") + cudaGetErrorString(described);
    return std::string(device.name) + ", compute " + std::to_string(device.major) + "." +
           std::to_string(device.minor);
  }

 private:
  class Graph : public Recording {
   public:
    Graph(cudaGraphExec_t graph, cudaStream_t stream) : graph_(graph), stream_(stream) {}
    ~Graph() override {
      cudaStreamSynchronize(stream_);
      cudaGraphExecDestroy(graph_);
    }
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;
    void replay() override { check(cudaGraphLaunch(graph_, stream_), "replay a pass"); }

   private:
    cudaGraphExec_t graph_;
    cudaStream_t stream_;
  };

  template <class... Kernels>
  static std::tuple<Kernels*...> all_kernels(const std::variant<Kernels...>*) {
    return {static_cast<Kernels*>(nullptr)...};
  }

  // Beyond 48 KiB a kernel must ask for it; what a kernel needs depends on the model, so all may
  // have what the device can give.
  template <class Kernel>
  static void allow_shared_memory(Kernel*) {
    int number = 0, most = 0;
    cudaFuncAttributes attributes{};
    check(cudaGetDevice(&number), "name the device");
    check(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, number),
          "say how much memory a block may share");
    check(cudaFuncGetAttributes(&attributes, run_kernel<Kernel>),
          "load a kernel; was it built for this device?");
    check(cudaFuncSetAttribute(run_kernel<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               most - static_cast<int>(attributes.sharedSizeBytes)),
          "give a kernel shared memory");
  }

  template <class Kernel>
  void launch_one(const Kernel& kernel) {
    const Grid grid = kernel.grid();
    const dim3 blocks(static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y),
                      static_cast<unsigned>(grid.z));
    run_kernel<Kernel>
        <<<blocks, Kernel::kThreads, static_cast<std::size_t>(kernel.shared_bytes()), stream_>>>(
            kernel);
    check(cudaGetLastError(), "start a kernel");
  }

  int number_;
  cudaStream_t stream_ = nullptr;
  std::unique_ptr<CudaProducts> products_;
};

}  // namespace

std::shared_ptr<Device> open_cuda_device(int number) {
  if (!has_cuda_device())
    throw Error("there is no CUDA device: " + cuda_description(),
                "use device cpu, or look at `nvidia-smi` and the driver's version");
  return std::make_shared<CudaDevice>(number);
}

bool has_cuda_device() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
}

std::string cuda_description() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0)
    return "built, no device" +
           (status != cudaSuccess ? std::string(": ") + cudaGetErrorString(status) : std::string());
  return CudaDevice::describe(0);
}

}  // namespace tinyzero
