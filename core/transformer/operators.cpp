#include "core/transformer/operators.h"

#include <unordered_map>

#include "core/kernels/kernels.h"
#include "core/model/parameters.h"
#include "core/transformer/operator_helpers.h"

namespace tinyzero {
namespace {

std::atomic<bool> accounting{false};
std::atomic<double> times[4];  // by Kind

struct RmsNorm : Function<RmsNorm> {
  static Variable forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                          double eps) {
    const ProfiledScope time(Kind::norms_and_gates);
    Tensor y = at::empty_like(x);  // (N, D)
    const std::int64_t n = x.size(1);
    for_rows(x.size(0), [&](std::int64_t first, std::int64_t count) {
      kernels().rms_norm(x.const_data_ptr<float>() + first * n, n, weight.const_data_ptr<float>(),
                         static_cast<float>(eps), count, n, y.mutable_data_ptr<float>() + first * n,
                         n);
    });
    context->save_for_backward({x, weight});
    context->saved_data["eps"] = eps;
    return y;
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const ProfiledScope time(Kind::norms_and_gates);
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], dy = grads[0].contiguous();
    const float eps = static_cast<float>(context->saved_data["eps"].toDouble());
    const std::int64_t n = x.size(1);
    Tensor dx = at::empty_like(x), dweight = partial_sums(x.size(0), n);  // (N, D), (chunks, D)
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
    const ProfiledScope time(Kind::norms_and_gates);
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
    const ProfiledScope time(Kind::norms_and_gates);
    const Tensor gate_up = context->get_saved_variables()[0], dy = grads[0].contiguous();
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

// The gradient of a row is the sum over the places of its token, in order, and is added to the rows
// that occur: of a large vocabulary few.
struct Embedding : Function<Embedding> {
  static Variable forward(AutogradContext* context, const Tensor& weight, const Tensor& ids) {
    context->save_for_backward({weight, ids});
    return at::embedding(weight, ids);
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const auto saved = context->get_saved_variables();
    const Tensor &weight = saved[0], &ids = saved[1], dy = grads[0].contiguous();
    const std::int64_t n = ids.size(0), width = weight.size(1);
    const auto add_row = [&](const float* from, float* to) {
      for (std::int64_t j = 0; j < width; ++j) to[j] += from[j];
    };
    std::unordered_map<std::int64_t, std::int64_t> places;  // by token: its row of sums
    Tensor sums = at::zeros({std::min(n, weight.size(0)), width});
    for (std::int64_t i = 0; i < n; ++i) {
      const auto place =
          places.try_emplace(ids.const_data_ptr<std::int64_t>()[i], std::ssize(places))
              .first->second;
      add_row(dy.const_data_ptr<float>() + i * width,
              sums.mutable_data_ptr<float>() + place * width);
    }
    for (const auto& [token, place] : places)
      add_row(sums.const_data_ptr<float>() + place * width,
              weight.grad().mutable_data_ptr<float>() + token * width);
    return {Variable(), Variable()};
  }
};

}  // namespace

bool ProfiledScope::keeping() { return accounting.load(std::memory_order_relaxed); }

void ProfiledScope::add(Kind kind, double seconds) { times[static_cast<int>(kind)] += seconds; }

float* scratch(Room room, std::int64_t floats) {
  thread_local FloatBuffer buffers[6];  // by Room
  FloatBuffer& buffer = buffers[static_cast<int>(room)];
  if (buffer.size() < floats) buffer = FloatBuffer::uninitialized(floats);
  return buffer.data();
}

void profile_operators(bool on) {
  for (auto& time : times) time = 0;
  accounting = on;
}

OperatorTimes operator_times() {
  const auto of = [](Kind kind) { return times[static_cast<int>(kind)].load(); };
  return {of(Kind::products), of(Kind::attention), of(Kind::norms_and_gates),
          of(Kind::distribution)};
}

std::int64_t PackedShape::longest() const {
  std::int64_t most = 1;
  for (std::int64_t s = 0; s < sequences(); ++s)
    most = std::max(most, first_position(s) + length(s));
  return most;
}

void PackedShape::add_continuation(std::int64_t length) {
  std::int64_t owner = sequences() - 1;
  while (parent(owner) >= 0) --owner;
  add(length);
  continues.back() = owner;
}

at::Tensor token_embedding(const at::Tensor& weight, const at::Tensor& ids) {
  return weight.requires_grad() ? Embedding::apply(weight, ids) : at::embedding(weight, ids);
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  return RmsNorm::apply(x, weight, eps);
}

at::Tensor swiglu(const at::Tensor& gate_up) { return Swiglu::apply(gate_up); }

}  // namespace tinyzero
