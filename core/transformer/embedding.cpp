#include <unordered_map>

#include "core/transformer/autograd_function.h"
#include "core/transformer/kernel_operators.h"

namespace tinyzero {
namespace {

void add_row(const float* from, std::int64_t width, float* to) {
  for (std::int64_t j = 0; j < width; ++j) to[j] += from[j];
}

// The gradient of a row is the sum over the positions of its token, in order. It is added to the
// rows that occur, which are few of a large vocabulary.
struct Embedding : Function<Embedding> {
  static Variable forward(AutogradContext* context, const Tensor& weight, const Tensor& ids) {
    context->save_for_backward({weight, ids});
    return at::embedding(weight, ids);
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const auto saved = context->get_saved_variables();
    const Tensor& weight = saved[0];          // (V, D)
    const Tensor& ids = saved[1];             // (N)
    const Tensor dy = grads[0].contiguous();  // (N, D)
    const std::int64_t n = ids.size(0);
    const std::int64_t width = weight.size(1);
    Tensor sums = at::zeros({std::min(n, weight.size(0)), width});  // (tokens that occur, D)
    std::unordered_map<std::int64_t, std::int64_t> row_of;          // by token: its row of sums
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t token = ids.const_data_ptr<std::int64_t>()[i];
      const std::int64_t row = row_of.try_emplace(token, std::ssize(row_of)).first->second;
      add_row(dy.const_data_ptr<float>() + i * width, width,
              sums.mutable_data_ptr<float>() + row * width);
    }
    for (const auto& [token, row] : row_of)
      add_row(sums.const_data_ptr<float>() + row * width, width,
              weight.grad().mutable_data_ptr<float>() + token * width);
    return {Variable(), Variable()};
  }
};

}  // namespace

Tensor KernelOperators::embed(const Tensor& weight, const Tensor& ids) const {
  return weight.requires_grad() ? Embedding::apply(weight, ids) : at::embedding(weight, ids);
}

}  // namespace tinyzero
