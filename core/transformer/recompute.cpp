#include "core/transformer/recompute.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/transformer/autograd_function.h"

namespace tinyzero {
namespace {

using Work = std::function<Tensor(const Tensor&)>;

struct Recomputed : Function<Recomputed> {
  // `anchor` needs a gradient, which it never gets: leaves inside the work may need one where x
  // does not.
  static Variable forward(AutogradContext* context, const Tensor& x, const Tensor& /*anchor*/,
                          const Work& work) {
    context->save_for_backward({x});
    save_in_node(context, work);
    return work(x);
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const Tensor x = context->get_saved_variables()[0].detach().set_requires_grad(true);
    Tensor y;
    {
      const at::AutoGradMode on(true);
      y = saved_in_node<Work>(context)(x);
    }
    torch::autograd::backward({y}, {grads[0]});
    return {x.grad(), Variable(), Variable()};
  }
};

}  // namespace

at::Tensor recomputed(const std::function<at::Tensor(const at::Tensor&)>& work,
                      const at::Tensor& x) {
  if (!at::GradMode::is_enabled()) return work(x);
  return Recomputed::apply(x, at::zeros({1}).set_requires_grad(true), work);
}

}  // namespace tinyzero
