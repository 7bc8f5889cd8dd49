// What the operations of operators.h have in common: rows divided among threads, room for one
// operation, the account of time.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>

#include "core/transformer/operators.h"

namespace tinyzero {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::Variable;
using Variables = torch::autograd::variable_list;

inline constexpr std::int64_t kRows =
    128;  // rows of one parallel task: fixed, so sums do not depend on the number of threads

enum class Kind { products, attention, norms_and_gates, distribution };

// The time of this scope belongs to `kind`, while account is kept.
class ProfiledScope {
 public:
  explicit ProfiledScope(Kind kind) : kind_(kind), on_(keeping()) {
    if (on_) start_ = std::chrono::steady_clock::now();
  }
  ~ProfiledScope() {
    if (on_)
      add(kind_, std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count());
  }
  ProfiledScope(const ProfiledScope&) = delete;
  ProfiledScope& operator=(const ProfiledScope&) = delete;

 private:
  static bool keeping();
  static void add(Kind kind, double seconds);

  Kind kind_;
  bool on_;
  std::chrono::steady_clock::time_point start_;
};

// work(first, count) for chunks of kRows rows.
template <class Work>
void for_rows(std::int64_t rows, const Work& work) {
  const std::int64_t chunks = (rows + kRows - 1) / kRows;
  at::parallel_for(0, chunks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) work(i * kRows, std::min(kRows, rows - i * kRows));
  });
}

// Room for one partial gradient of n floats a chunk; their sum, in order, is the gradient.
inline at::Tensor partial_sums(std::int64_t rows, std::int64_t n) {
  return at::zeros({(rows + kRows - 1) / kRows, n});
}

// Memory of this thread for what lives within one operation, by purpose.
enum class Room { words, rows, attention, logits, right, left };
float* scratch(Room room, std::int64_t floats);

inline std::optional<at::Tensor> optional(const at::Tensor& t) {
  return t.defined() ? std::optional<at::Tensor>(t) : std::nullopt;
}

}  // namespace tinyzero
