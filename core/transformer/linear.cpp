#include "core/kernels/kernels.h"
#include "core/transformer/adapted_linear.h"
#include "core/transformer/autograd_function.h"
#include "core/transformer/kernel_operators.h"
#include "core/transformer/products.h"
#include "core/transformer/profile.h"
#include "core/transformer/row_chunks.h"
#include "core/transformer/scratch.h"

namespace tinyzero {
namespace {

// What a product's input is computed from, row by row: x itself, its norm, or its gates and ups.
enum class Input { plain, norm, swiglu };

struct LinearPlan {
  Input input = Input::plain;
  double eps = 0;                          // of the norm
  const float* forward = nullptr;          // the packed matrix
  const float* backward = nullptr;         // its packed transpose
  std::vector<AdaptedRows> adapters = {};  // of the matrix
  bool has_residual = false;

  static LinearPlan of(const LinearWeight& w, Input input, double eps = 0) {
    return {.input = input,
            .eps = eps,
            .forward = w.forward,
            .backward = w.backward,
            .adapters = w.adapters};
  }
};

// Rows first … first+count-1 of a product's input: (count, k).
class InputRows {
 public:
  InputRows(const LinearPlan& plan, const Tensor& x, const Tensor& norm, std::int64_t k)
      : plan_(plan), x_(x), norm_(norm), k_(k) {}

  // The rows of x itself, or computed into memory of this thread.
  const float* get(std::int64_t first, std::int64_t count) const {
    if (plan_.input == Input::plain) return source(first);
    float* out = scratch(Scratch::rows, count * k_);
    compute(first, count, out);
    return out;
  }

  // All rows: (N, k). x itself, if it is the input.
  Tensor all() const {
    if (plan_.input == Input::plain) return x_;
    Tensor out = at::empty({x_.size(0), k_});
    for_rows(x_.size(0), [&](std::int64_t first, std::int64_t count) {
      compute(first, count, out.mutable_data_ptr<float>() + first * k_);
    });
    return out;
  }

  // The gradient of the rows of x from that of the input's, dinput (count, k), and of the norm.
  void backward(std::int64_t first, std::int64_t count, const float* dinput, Tensor& dx,
                Tensor& dnorm) const {
    const ProfiledScope time(OperatorKind::norms_and_gates);
    float* out = dx.mutable_data_ptr<float>() + first * x_.size(1);
    if (plan_.input == Input::swiglu)
      kernels().swiglu_backward(source(first), dinput, count, k_, out);
    if (plan_.input == Input::norm)
      kernels().rms_norm_backward(source(first), norm_.const_data_ptr<float>(), eps(), dinput,
                                  count, k_, out,
                                  dnorm.mutable_data_ptr<float>() + first / kRows * k_);
  }

 private:
  const float* source(std::int64_t first) const {
    return x_.const_data_ptr<float>() + first * x_.size(1);
  }
  float eps() const { return static_cast<float>(plan_.eps); }

  void compute(std::int64_t first, std::int64_t count, float* out) const {
    const ProfiledScope time(OperatorKind::norms_and_gates);
    const float* from = source(first);
    if (plan_.input == Input::swiglu) kernels().swiglu(from, count, k_, out);
    else kernels().rms_norm(from, k_, norm_.const_data_ptr<float>(), eps(), count, k_, out, k_);
  }

  const LinearPlan& plan_;
  const Tensor& x_;     // (N, k), or (N, 2k) of gates and ups
  const Tensor& norm_;  // (k), or undefined
  std::int64_t k_;
};

// A product whose input is computed in front of it, a chunk of rows at a time, and again in the
// backward pass.
struct Linear : Function<Linear> {
  static Variable forward(AutogradContext* context, const Tensor& x,
                          const std::optional<Tensor>& norm, const Tensor& weight,
                          const std::optional<Tensor>& bias, const std::optional<Tensor>& residual,
                          const std::optional<Tensor>& /*anchor*/, LinearPlan plan) {
    plan.has_residual = residual.has_value();
    const std::int64_t n = weight.size(0);
    const RightSide right{weight.detach().t(), plan.forward};
    const ProductEnd end{.bias = bias ? bias->const_data_ptr<float>() : nullptr,
                         .add = plan.has_residual};
    const Tensor norm_weight = norm.value_or(Tensor());  // (k)
    const InputRows input(plan, x, norm_weight, weight.size(1));
    Tensor y = residual ? residual->clone() : at::empty({x.size(0), n});  // (N, n)
    for_rows(x.size(0), [&](std::int64_t first, std::int64_t count) {
      const float* rows = input.get(first, count);
      const ProfiledScope time(OperatorKind::products);
      multiply_rows(rows, count, right, y.mutable_data_ptr<float>() + first * n, end);
    });
    context->save_for_backward({x, norm_weight, weight, bias.value_or(Tensor())});
    save_in_node(context, std::move(plan));
    return y;
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const auto saved = context->get_saved_variables();
    const Tensor& x = saved[0];               // (N, k), or (N, 2k) of gates and ups
    const Tensor& norm = saved[1];            // (k), or undefined
    const Tensor& weight = saved[2];          // (n, k)
    const Tensor& bias = saved[3];            // (n), or undefined
    const Tensor dy = grads[0].contiguous();  // (N, n)
    const auto& plan = saved_in_node<LinearPlan>(context);
    const InputRows input(plan, x, norm, weight.size(1));
    Tensor dx = at::empty_like(x);  // as x
    Tensor dnorm =
        norm.defined() ? partial_sums(x.size(0), norm.size(0)) : Tensor();  // (chunks, k)
    input_gradient(plan, input, dy, weight, dx, dnorm);
    add_parameter_gradients(plan, input, dy, weight);
    if (Tensor dbias = bias.defined() ? bias.grad() : Tensor(); dbias.defined())
      dbias.add_(dy.sum(0));
    return {dx,         norm.defined() ? dnorm.sum(0) : Variable(), Variable(),
            Variable(), plan.has_residual ? dy : Variable(),        Variable(),
            Variable()};
  }

 private:
  // dx and dnorm from dy.
  static void input_gradient(const LinearPlan& plan, const InputRows& input, const Tensor& dy,
                             const Tensor& weight, Tensor& dx, Tensor& dnorm) {
    const std::int64_t n = weight.size(0), k = weight.size(1);
    const RightSide back{weight.detach(), plan.backward};
    for_rows(dy.size(0), [&](std::int64_t first, std::int64_t count) {
      const bool plain = plan.input == Input::plain;
      float* dinput =
          plain ? dx.mutable_data_ptr<float>() + first * k : scratch(Scratch::rows, count * k);
      {
        const ProfiledScope time(OperatorKind::products);
        multiply_rows(dy.const_data_ptr<float>() + first * n, count, back, dinput);
      }
      input.backward(first, count, dinput, dx, dnorm);
    });
  }

  // Adds the gradients of the matrix and of its adapters to their grad(), where they learn.
  static void add_parameter_gradients(const LinearPlan& plan, const InputRows& input,
                                      const Tensor& dy, const Tensor& weight) {
    const bool learns = weight.grad().defined();
    if (!learns && plan.adapters.empty()) return;
    const Tensor rows = input.all();  // (N, k)
    if (!plan.adapters.empty()) add_adapter_gradients(plan.adapters, dy, rows);
    const ProfiledScope time(OperatorKind::products);
    if (learns)
      add_weight_gradient(dy.const_data_ptr<float>(), rows.const_data_ptr<float>(), rows.size(0),
                          weight.grad());
  }
};

Tensor packed_linear(const Tensor& x, const Tensor& norm, const LinearWeight& w,
                     const Tensor& residual, LinearPlan plan) {
  return Linear::apply(x, optional(norm), w.weight, optional(w.bias), optional(residual),
                       optional(anchor_of(w.adapters)), std::move(plan));
}

}  // namespace

Tensor KernelOperators::linear(const Tensor& x, const LinearWeight& w,
                               const Tensor& residual) const {
  if (w.forward == nullptr) return torch_linear(x, w, residual);
  return packed_linear(x, {}, w, residual, LinearPlan::of(w, Input::plain));
}

Tensor KernelOperators::norm_linear(const Tensor& x, const Tensor& norm, double eps,
                                    const LinearWeight& w) const {
  if (w.forward == nullptr) return Operators::norm_linear(x, norm, eps, w);
  return packed_linear(x, norm, w, {}, LinearPlan::of(w, Input::norm, eps));
}

Tensor KernelOperators::swiglu_linear(const Tensor& gate_up, const LinearWeight& w,
                                      const Tensor& residual) const {
  if (w.forward == nullptr) return Operators::swiglu_linear(gate_up, w, residual);
  return packed_linear(gate_up, {}, w, residual, LinearPlan::of(w, Input::swiglu));
}

}  // namespace tinyzero
