#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/transformer/operator_helpers.h"

namespace tinyzero {
namespace {

using Work = std::function<Tensor(const Tensor&)>;

// What autograd keeps of the work.
struct SavedWork : torch::CustomClassHolder {
  explicit SavedWork(Work w) : work(std::move(w)) {}
  Work work;
};

struct Recomputed : Function<Recomputed> {
  // `anchor` needs a gradient, which is never given: leaves inside the work may need one where x
  // does not.
  static Variable forward(AutogradContext* context, const Tensor& x, const Tensor& /*anchor*/,
                          const Work& work) {
    context->save_for_backward({x});
    context->saved_data["work"] = c10::IValue::make_capsule(c10::make_intrusive<SavedWork>(work));
    return work(x);
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const Tensor x = context->get_saved_variables()[0].detach().set_requires_grad(true);
    const auto holder = context->saved_data["work"].toCapsule();
    Tensor y;
    {
      const at::AutoGradMode on(true);
      y = static_cast<const SavedWork&>(*holder).work(x);
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
