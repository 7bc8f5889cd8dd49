#include "core/rollout/cuda/cuda_products.h"

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include "core/base/error.h"

namespace tinyzero {
namespace {

// Numbers of rows that an algorithm must be able to do; it is chosen for the first.
constexpr std::uint64_t kRows[] = {1024, 512, 256, 128, 64, 32};
constexpr std::size_t kWorkspace = std::size_t{32} << 20;  // bytes
constexpr int kCandidates = 16;

void check(cublasStatus_t status, const std::string& doing) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw Failure("cuBLAS cannot " + doing + ": " + cublasLtGetStatusString(status),
                  "`tinyzero doctor` shows driver and device");
}

template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* handle) const {
    destroy(handle);
  }
};
using Layout = std::unique_ptr<cublasLtMatrixLayoutOpaque_t, Destroy<&cublasLtMatrixLayoutDestroy>>;
using Operation = std::unique_ptr<cublasLtMatmulDescOpaque_t, Destroy<&cublasLtMatmulDescDestroy>>;
using Preference =
    std::unique_ptr<cublasLtMatmulPreferenceOpaque_t, Destroy<&cublasLtMatmulPreferenceDestroy>>;

// A matrix of `columns` columns of `rows` numbers each, stored column after column.
Layout layout(cudaDataType_t type, std::uint64_t rows, std::uint64_t columns) {
  cublasLtMatrixLayout_t made = nullptr;
  check(cublasLtMatrixLayoutCreate(&made, type, rows, columns, rows), "describe a matrix");
  return Layout(made);
}

// The largest power of two, up to 256, that divides an address.
std::uint32_t alignment(const void* p) {
  const auto address = reinterpret_cast<std::uintptr_t>(p) | 256;
  return static_cast<std::uint32_t>(address & -address);
}

cudaDataType_t type_of(Dtype dtype) { return dtype == Dtype::bf16 ? CUDA_R_16BF : CUDA_R_32F; }

struct Kind {
  std::int64_t n, k;
  Dtype dtype;
  bool bias, add;
  std::uint32_t w_alignment, bias_alignment;
  bool operator<(const Kind& o) const {
    return std::tie(n, k, dtype, bias, add, w_alignment, bias_alignment) <
           std::tie(o.n, o.k, o.dtype, o.bias, o.add, o.w_alignment, o.bias_alignment);
  }
};

}  // namespace

// cuBLASLt counts by columns: a row-major y (m, n) is a matrix of n rows and m columns, y' = w x'
// with w (k, n) transposed.
struct CudaProducts::State {
  cudaStream_t stream;
  cublasLtHandle_t handle = nullptr;
  void* workspace = nullptr;
  std::map<Kind, cublasLtMatmulAlgo_t> algorithms;

  static Operation describe(const Product& p) {
    cublasLtMatmulDesc_t made = nullptr;
    check(cublasLtMatmulDescCreate(&made, CUBLAS_COMPUTE_32F, CUDA_R_32F), "describe a product");
    Operation operation(made);
    const cublasOperation_t transposed = CUBLAS_OP_T;
    check(cublasLtMatmulDescSetAttribute(made, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                         sizeof transposed),
          "describe a product");
    if (p.bias == nullptr) return operation;
    const cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
    const cudaDataType_t bias_type = CUDA_R_32F;
    check(cublasLtMatmulDescSetAttribute(made, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue,
                                         sizeof epilogue),
          "describe a bias");
    check(cublasLtMatmulDescSetAttribute(made, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, &bias_type,
                                         sizeof bias_type),
          "describe a bias");
    check(cublasLtMatmulDescSetAttribute(made, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &p.bias,
                                         sizeof p.bias),
          "describe a bias");
    return operation;
  }

  bool does_all_rows(const Product& p, cublasLtMatmulDesc_t operation,
                     const cublasLtMatmulAlgo_t& algorithm) const {
    const auto n = static_cast<std::uint64_t>(p.n), k = static_cast<std::uint64_t>(p.k);
    return std::all_of(std::begin(kRows), std::end(kRows), [&](std::uint64_t m) {
      const Layout w = layout(type_of(p.dtype), k, n), x = layout(type_of(p.dtype), k, m),
                   y = layout(CUDA_R_32F, n, m);
      cublasLtMatmulHeuristicResult_t result;
      return cublasLtMatmulAlgoCheck(handle, operation, w.get(), x.get(), y.get(), y.get(),
                                     &algorithm, &result) == CUBLAS_STATUS_SUCCESS &&
             result.workspaceSize <= kWorkspace;
    });
  }

  cublasLtMatmulAlgo_t choose(const Product& p) const {
    const Operation operation = describe(p);
    const auto n = static_cast<std::uint64_t>(p.n), k = static_cast<std::uint64_t>(p.k);
    const Layout w = layout(type_of(p.dtype), k, n), x = layout(type_of(p.dtype), k, kRows[0]),
                 y = layout(CUDA_R_32F, n, kRows[0]);
    cublasLtMatmulPreference_t made = nullptr;
    check(cublasLtMatmulPreferenceCreate(&made), "describe what is preferred");
    const Preference preference(made);
    const auto set = [&](cublasLtMatmulPreferenceAttributes_t what, const auto& value) {
      check(cublasLtMatmulPreferenceSetAttribute(made, what, &value, sizeof value),
            "describe what is preferred");
    };
    set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kWorkspace);
    set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
        CUBLASLT_REDUCTION_SCHEME_NONE);  // no split of k
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment(p.w));
    cublasLtMatmulHeuristicResult_t results[kCandidates];
    int found = 0;
    check(cublasLtMatmulAlgoGetHeuristic(handle, operation.get(), w.get(), x.get(), y.get(),
                                         y.get(), made, kCandidates, results, &found),
          "find an algorithm for a product of (1024, " + std::to_string(p.k) + ") and (" +
              std::to_string(p.n) + ", " + std::to_string(p.k) + ")");
    for (int i = 0; i < found; ++i) {
      std::int32_t split = 1;
      std::size_t written = 0;
      cublasLtMatmulAlgoConfigGetAttribute(&results[i].algo, CUBLASLT_ALGO_CONFIG_SPLITK_NUM,
                                           &split, sizeof split, &written);
      if (results[i].state == CUBLAS_STATUS_SUCCESS && split <= 1 &&
          does_all_rows(p, operation.get(), results[i].algo))
        return results[i].algo;
    }
    throw Failure("cuBLAS has no algorithm for a product of (1024, " + std::to_string(p.k) +
                  ") and (" + std::to_string(p.n) + ", " + std::to_string(p.k) +
                  ") that sums each number in one piece");
  }
};

CudaProducts::CudaProducts(CUstream_st* stream) : state_(std::make_unique<State>()) {
  state_->stream = stream;
  check(cublasLtCreate(&state_->handle), "start");
  if (cudaMalloc(&state_->workspace, kWorkspace) != cudaSuccess) {
    cublasLtDestroy(state_->handle);
    throw Failure("the device has no room for the 32 MiB that products work in",
                  "free memory of the device");
  }
}

CudaProducts::~CudaProducts() {
  cudaFree(state_->workspace);
  cublasLtDestroy(state_->handle);
}

void CudaProducts::multiply(const Product& p) {
  const Kind kind{p.n, p.k, p.dtype, p.bias != nullptr, p.add, alignment(p.w), alignment(p.bias)};
  auto known = state_->algorithms.find(kind);
  if (known == state_->algorithms.end())
    known = state_->algorithms.emplace(kind, state_->choose(p)).first;
  const auto m = static_cast<std::uint64_t>(p.m), n = static_cast<std::uint64_t>(p.n),
             k = static_cast<std::uint64_t>(p.k);
  const Operation operation = State::describe(p);
  const Layout w = layout(type_of(p.dtype), k, n), x = layout(type_of(p.dtype), k, m),
               y = layout(CUDA_R_32F, n, m);
  const float one = 1.0f, kept = p.add ? 1.0f : 0.0f;
  check(cublasLtMatmul(state_->handle, operation.get(), &one, p.w, w.get(), p.x, x.get(), &kept,
                       p.y, y.get(), p.y, y.get(), &known->second, state_->workspace, kWorkspace,
                       state_->stream),
        "multiply (" + std::to_string(p.m) + ", " + std::to_string(p.k) + ") and (" +
            std::to_string(p.n) + ", " + std::to_string(p.k) + ")");
}

}  // namespace tinyzero
