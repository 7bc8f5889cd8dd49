#include "core/transformer/adapted_linear.h"

#include "core/transformer/autograd_function.h"
#include "core/transformer/profile.h"

namespace tinyzero {
namespace {

struct AdaptedProduct {
  LinearWeight w;
  at::ScalarType type;
};

// A product with a frozen matrix that has adapters.
struct AdaptedLinear : Function<AdaptedLinear> {
  static Variable forward(AutogradContext* context, const Tensor& x, const Tensor& /*anchor*/,
                          const AdaptedProduct& product) {
    context->save_for_backward({x});
    save_in_node(context, product);
    return typed_linear(x, product.w.weight, product.w.bias, product.type);
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const Tensor x = context->get_saved_variables()[0];  // (N, k)
    const Tensor dy = grads[0].contiguous();             // (N, n)
    const auto& [w, type] = saved_in_node<AdaptedProduct>(context);
    add_adapter_gradients(w.adapters, dy, x);
    const Tensor dx = at::mm(dy.to(type), w.weight.to(type)).to(at::kFloat);  // (N, k)
    return {dx, Variable(), Variable()};
  }
};

}  // namespace

Tensor typed_linear(const Tensor& x, const Tensor& weight, const Tensor& bias,
                    at::ScalarType type) {
  if (type == at::kFloat) return at::linear(x, weight, bias);
  const Tensor y = at::linear(x.to(type), weight.to(type)).to(at::kFloat);  // (N, n)
  return bias.defined() ? y + bias : y;
}

Tensor torch_linear(const Tensor& x, const LinearWeight& w, const Tensor& residual,
                    at::ScalarType type) {
  const Tensor y = w.adapters.empty() ? typed_linear(x, w.weight, w.bias, type)
                                      : AdaptedLinear::apply(x, anchor_of(w.adapters),
                                                             AdaptedProduct{w, type});  // (N, n)
  return residual.defined() ? residual + y : y;
}

void add_adapter_gradients(const std::vector<AdaptedRows>& adapters, const Tensor& dy,
                           const Tensor& x) {
  const ProfiledScope time(OperatorKind::products);
  for (const AdaptedRows& rows : adapters) {
    const Tensor a = rows.a.detach();                       // (rank, k)
    const Tensor b = rows.b.detach();                       // (rows, rank)
    const Tensor d = dy.narrow(1, rows.first, rows.count);  // (N, rows)
    Tensor db = rows.b.grad();
    Tensor da = rows.a.grad();
    db.addmm_(d.t(), at::mm(x, a.t()), 1, rows.scale);
    da.addmm_(at::mm(d, b).t(), x, 1, rows.scale);
  }
}

Tensor anchor_of(const std::vector<AdaptedRows>& adapters) {
  return adapters.empty() ? Tensor() : adapters.front().a;
}

}  // namespace tinyzero
