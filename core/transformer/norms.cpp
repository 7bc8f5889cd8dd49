#include "core/kernels/kernels.h"
#include "core/transformer/autograd_function.h"
#include "core/transformer/kernel_operators.h"
#include "core/transformer/profile.h"
#include "core/transformer/row_chunks.h"

namespace tinyzero {
namespace {

struct RmsNorm : Function<RmsNorm> {
  static Variable forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                          double eps) {
    const ProfiledScope time(OperatorKind::norms_and_gates);
    Tensor y = at::empty_like(x);  // (N, D)
    const std::int64_t n = x.size(1);
    for_rows(x.size(0), [&](std::int64_t first, std::int64_t count) {
      kernels().rms_norm(x.const_data_ptr<float>() + first * n, n, weight.const_data_ptr<float>(),
                         static_cast<float>(eps), count, n, y.mutable_data_ptr<float>() + first * n,
                         n);
    });
    context->save_for_backward({x, weight});
    save_in_node(context, eps);
    return y;
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const ProfiledScope time(OperatorKind::norms_and_gates);
    const auto saved = context->get_saved_variables();
    const Tensor& x = saved[0];               // (N, D)
    const Tensor& weight = saved[1];          // (D)
    const Tensor dy = grads[0].contiguous();  // (N, D)
    const float eps = static_cast<float>(saved_in_node<double>(context));
    const std::int64_t n = x.size(1);
    Tensor dx = at::empty_like(x);                // (N, D)
    Tensor dweight = partial_sums(x.size(0), n);  // (chunks, D)
    for_rows(x.size(0), [&](std::int64_t first, std::int64_t count) {
      kernels().rms_norm_backward(x.const_data_ptr<float>() + first * n,
                                  weight.const_data_ptr<float>(), eps,
                                  dy.const_data_ptr<float>() + first * n, count, n,
                                  dx.mutable_data_ptr<float>() + first * n,
                                  dweight.mutable_data_ptr<float>() + first / kRows * n);
    });
    return {dx, dweight.sum(0), Variable()};
  }
};

struct Swiglu : Function<Swiglu> {
  static Variable forward(AutogradContext* context, const Tensor& gate_up) {
    const ProfiledScope time(OperatorKind::norms_and_gates);
    const std::int64_t n = gate_up.size(1) / 2;
    Tensor y = at::empty({gate_up.size(0), n});  // (N, F)
    for_rows(y.size(0), [&](std::int64_t first, std::int64_t count) {
      kernels().swiglu(gate_up.const_data_ptr<float>() + first * 2 * n, count, n,
                       y.mutable_data_ptr<float>() + first * n);
    });
    context->save_for_backward({gate_up});
    return y;
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const ProfiledScope time(OperatorKind::norms_and_gates);
    const Tensor gate_up = context->get_saved_variables()[0];  // (N, 2F)
    const Tensor dy = grads[0].contiguous();                   // (N, F)
    const std::int64_t n = dy.size(1);
    Tensor d = at::empty_like(gate_up);  // (N, 2F)
    for_rows(dy.size(0), [&](std::int64_t first, std::int64_t count) {
      kernels().swiglu_backward(gate_up.const_data_ptr<float>() + first * 2 * n,
                                dy.const_data_ptr<float>() + first * n, count, n,
                                d.mutable_data_ptr<float>() + first * 2 * n);
    });
    return {d};
  }
};

}  // namespace

Tensor KernelOperators::rms_norm(const Tensor& x, const Tensor& weight, double eps) const {
  return RmsNorm::apply(x, weight, eps);
}

Tensor KernelOperators::swiglu(const Tensor& gate_up) const { return Swiglu::apply(gate_up); }

}  // namespace tinyzero
