#include <algorithm>
#include <cmath>

#include "core/kernels/kernels.h"
#include "core/transformer/device_operators.h"
#include "core/transformer/operator_helpers.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kPackedAtOnce = 1 << 16;  // numbers that are worth a thread
constexpr std::int64_t kLeastRows = 24;          // of logits that are

// The right side of a product: (k, n), and packed if our own kernels are to compute it.
struct RightSide {
  const Tensor matrix;
  const float* packed;
};

// y (count, n) = x (count, k) · right + bias, or added to y; a right side that is not packed takes
// neither.
void multiply_rows(const float* x, std::int64_t count, const RightSide& right, const float* bias,
                   bool add, float* y) {
  const Kernels& table = kernels();
  const std::int64_t k = right.matrix.size(0), n = right.matrix.size(1);
  const float* packed = right.packed;
  if (packed == nullptr) {
    Tensor out = at::from_blob(y, {count, n});
    at::mm_out(out, at::from_blob(const_cast<float*>(x), {count, k}), right.matrix);
    return;
  }
  LeftWords left{x, k, 1};
  if (table.numbers_per_word > 1) {
    float* words = scratch(Room::words, count * table.words(k));
    table.to_words(x, k, count, k, words);
    left = {words, table.words(k), 1};
  }
  table.matmul(left, count, k, packed, n, bias, add, y, n);
}

// dweight (n, k) += dy (rows, n)^T · x (rows, k), both sides and n in parts that threads share.
void add_weight_gradient(const float* dy, const float* x, std::int64_t rows, std::int64_t n,
                         std::int64_t k, float* dweight) {
  const Kernels& table = kernels();
  const std::int64_t words = table.words(rows), panels = (k + table.panel - 1) / table.panel;
  float* right = scratch(Room::right, table.packed_size(k, rows));
  at::parallel_for(
      0, panels, std::max<std::int64_t>(1, kPackedAtOnce / (rows * table.panel)),
      [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t first = begin * table.panel, last = std::min(k, end * table.panel);
        table.pack(x + first, 1, k, last - first, rows, right + table.packed_size(first, rows));
      });
  const float* left = dy;
  if (table.numbers_per_word > 1) {
    float* narrow = scratch(Room::left, words * n);
    at::parallel_for(0, words,
                     std::max<std::int64_t>(1, kPackedAtOnce / (n * table.numbers_per_word)),
                     [&](std::int64_t begin, std::int64_t end) {
                       const std::int64_t first = begin * table.numbers_per_word,
                                          last = std::min(rows, end * table.numbers_per_word);
                       table.columns_to_words(dy + first * n, n, last - first, n, narrow + begin * n);
                     });
    left = narrow;
  }
  for_rows(n, [&](std::int64_t first, std::int64_t count) {
    table.matmul({left + first, 1, n}, count, rows, right, k, nullptr, true, dweight + first * k,
                 k);
  });
}

// The gradients of adapters of a matrix from dy (N, n) and the product's input x (N, k), without
// the gradient of the matrix.
//   db += s dy^T (x a^T),  da += s (dy b)^T x
void add_adapter_gradients(const std::vector<AdaptedRows>& adapters, const Tensor& dy,
                           const Tensor& x) {
  const ProfiledScope time(Kind::products);
  for (const AdaptedRows& rows : adapters) {
    const Tensor a = rows.a.detach(), b = rows.b.detach(),
                 d = dy.narrow(1, rows.first, rows.count);  // (N, rows)
    Tensor(rows.b.grad()).addmm_(d.t(), at::mm(x, a.t()), 1, rows.scale);
    Tensor(rows.a.grad()).addmm_(at::mm(d, b).t(), x, 1, rows.scale);
  }
}

// A leaf that makes autograd come by, though neither the input nor the matrix may need a gradient;
// undefined if there is none.
Tensor anchor_of(const std::vector<AdaptedRows>& adapters) {
  return adapters.empty() ? Tensor() : adapters.front().a;
}

// What a product's input is computed from, row by row: x itself, its norm, or its gates and ups.
enum class Input { plain, norm, swiglu };

// Products whose input is computed in front of them, a chunk of rows at a time, and once more in
// the backward pass.
struct Linear : Function<Linear> {
  struct Plan {
    Input input;
    double eps;  // of the norm
    const float *forward, *backward;
    const std::vector<AdaptedRows>* adapters;
  };

  static Variable forward(AutogradContext* context, const Tensor& x,
                          const std::optional<Tensor>& norm, const Tensor& weight,
                          const std::optional<Tensor>& bias, const std::optional<Tensor>& residual,
                          const std::optional<Tensor>& /*anchor*/, const Plan& plan) {
    const std::int64_t n = weight.size(0), k = weight.size(1);
    const RightSide right{weight.detach().t(), plan.forward};
    Tensor y = residual ? residual->clone() : at::empty({x.size(0), n});  // (N, n)
    for_rows(x.size(0), [&](std::int64_t first, std::int64_t count) {
      const float* rows = input_rows(plan, x, norm, first, count, k, nullptr);
      const ProfiledScope time(Kind::products);
      multiply_rows(rows, count, right, bias ? bias->const_data_ptr<float>() : nullptr,
                    residual.has_value(), y.mutable_data_ptr<float>() + first * n);
    });
    context->save_for_backward({x, norm.value_or(Tensor()), weight, bias.value_or(Tensor())});
    context->saved_data["residual"] = residual.has_value();
    context->saved_data["input"] = static_cast<std::int64_t>(plan.input);
    context->saved_data["eps"] = plan.eps;
    context->saved_data["back"] = reinterpret_cast<std::int64_t>(plan.backward);
    context->saved_data["adapters"] = reinterpret_cast<std::int64_t>(plan.adapters);
    return y;
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &norm = saved[1], &weight = saved[2], &bias = saved[3],
                 dy = grads[0].contiguous();
    const Plan plan{
        static_cast<Input>(context->saved_data["input"].toInt()),
        context->saved_data["eps"].toDouble(), nullptr, nullptr,
        reinterpret_cast<const std::vector<AdaptedRows>*>(context->saved_data["adapters"].toInt())};
    const RightSide back{weight.detach(),
                         reinterpret_cast<const float*>(context->saved_data["back"].toInt())};
    const std::int64_t rows = x.size(0), n = weight.size(0), k = weight.size(1),
                       x_width = x.size(1);
    const float* from = dy.const_data_ptr<float>();
    const bool plain = plan.input == Input::plain;
    Tensor dx = at::empty_like(x), dnorm = norm.defined()
                                               ? partial_sums(rows, k)
                                               : Tensor();  // (N, k), or (N, 2k) of gates and ups
    for_rows(rows, [&](std::int64_t first, std::int64_t count) {
      float* out = dx.mutable_data_ptr<float>() + first * x_width;
      float* dinput = plain ? out : scratch(Room::rows, count * k);
      {
        const ProfiledScope time(Kind::products);
        multiply_rows(from + first * n, count, back, nullptr, false, dinput);
      }
      const ProfiledScope time(Kind::norms_and_gates);
      const float* at = x.const_data_ptr<float>() + first * x_width;
      if (plan.input == Input::swiglu) kernels().swiglu_backward(at, dinput, count, k, out);
      if (plan.input == Input::norm)
        kernels().rms_norm_backward(at, norm.const_data_ptr<float>(), static_cast<float>(plan.eps),
                                    dinput, count, k, out,
                                    dnorm.mutable_data_ptr<float>() + first / kRows * k);
    });
    if (weight.grad().defined() || !plan.adapters->empty()) {
      const Tensor input = plain ? x : at::empty({rows, k});  // (N, k)
      if (!plain) {
        for_rows(rows, [&](std::int64_t first, std::int64_t count) {
          input_rows(plan, x, optional(norm), first, count, k,
                     input.mutable_data_ptr<float>() + first * k);
        });
      }
      if (!plan.adapters->empty()) add_adapter_gradients(*plan.adapters, dy, input);
      const ProfiledScope time(Kind::products);
      if (weight.grad().defined())
        add_weight_gradient(from, input.const_data_ptr<float>(), rows, n, k,
                            weight.grad().mutable_data_ptr<float>());
    }
    if (bias.defined() && bias.grad().defined()) Tensor(bias.grad()).add_(dy.sum(0));
    return {dx,
            norm.defined() ? dnorm.sum(0) : Variable(),
            Variable(),
            Variable(),
            context->saved_data["residual"].toBool() ? dy : Variable(),
            Variable(),
            Variable()};
  }

 private:
  // Rows `first` … of the product's input (count, k): where they stand, or computed into `out`
  // (null: into room of this thread).
  static const float* input_rows(const Plan& plan, const Tensor& x,
                                 const std::optional<Tensor>& norm, std::int64_t first,
                                 std::int64_t count, std::int64_t k, float* out) {
    const ProfiledScope time(Kind::norms_and_gates);
    const float* from = x.const_data_ptr<float>() + first * x.size(1);
    if (plan.input == Input::plain) return from;
    if (out == nullptr) out = scratch(Room::rows, count * k);
    if (plan.input == Input::swiglu) kernels().swiglu(from, count, k, out);
    else
      kernels().rms_norm(from, k, norm->const_data_ptr<float>(), static_cast<float>(plan.eps),
                         count, k, out, k);
    return out;
  }
};

// The product of LibTorch with a frozen matrix that has adapters.
struct AdaptedLinear : Function<AdaptedLinear> {
  static Variable forward(AutogradContext* context, const Tensor& x, const Tensor& /*anchor*/,
                          const LinearWeight& w) {
    context->save_for_backward({x});
    context->saved_data["weight"] = reinterpret_cast<std::int64_t>(&w);
    return typed_linear(x, w.weight, w.bias, w.products);
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const Tensor x = context->get_saved_variables()[0], dy = grads[0].contiguous();
    const auto& w = *reinterpret_cast<const LinearWeight*>(context->saved_data["weight"].toInt());
    add_adapter_gradients(w.adapters, dy, x);
    return {at::mm(dy.to(w.products), w.weight.to(w.products)).to(at::kFloat), Variable(),
            Variable()};
  }
};

// log softmax at the targets, in chunks of kLogitRows rows; the backward pass computes the logits
// again.
//   l = h W^T / T,  p = softmax(l),  logp = log p_target,  H = -sum p log p
//   dl = g (onehot - p) - e p (log p + H),  dh = dl W / T,  dW += dl^T h / T
struct TokenLogits : Function<TokenLogits> {
  static Variables forward(AutogradContext* context, const Tensor& hidden, const Tensor& weight,
                           const Tensor& targets, double temperature, const float* packed,
                           const float* packed_back) {
    const ProfiledScope time(Kind::distribution);
    const std::int64_t n = hidden.size(0), width = weight.size(1), vocab = weight.size(0);
    Tensor logp = at::empty({n}), entropy = at::empty({n}),
           softmax = at::empty({n, 2});  // softmax: (N) of SoftmaxRow
    const float scale = static_cast<float>(1.0 / temperature);
    const RightSide right{weight.detach().t(), packed};
    for_chunks(
        n, vocab,
        [&](std::int64_t first, std::int64_t count, float* logits) {
          multiply_rows(hidden.const_data_ptr<float>() + first * width, count, right, nullptr,
                        false, logits);
          for (std::int64_t i = first; i < first + count; ++i, logits += vocab) {
            float largest = 0;
            double sum = 0, weighted = 0;
            kernels().distribution(logits, vocab, scale, largest, sum, weighted);
            const double log_sum = std::log(sum),
                         chosen = logits[targets.const_data_ptr<std::int64_t>()[i]];
            rows_of(softmax)[i] = {largest, static_cast<float>(log_sum)};
            logp.mutable_data_ptr<float>()[i] =
                static_cast<float>((chosen - largest) * scale - log_sum);
            entropy.mutable_data_ptr<float>()[i] = static_cast<float>(log_sum - weighted / sum);
          }
        },
        [](std::int64_t, std::int64_t, float*) {});
    context->save_for_backward({hidden, weight, targets, entropy, softmax});
    context->saved_data["temperature"] = temperature;
    context->saved_data["forward"] = reinterpret_cast<std::int64_t>(packed);
    context->saved_data["back"] = reinterpret_cast<std::int64_t>(packed_back);
    return {logp, entropy};
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const ProfiledScope time(Kind::distribution);
    const auto saved = context->get_saved_variables();
    const Tensor &hidden = saved[0], &weight = saved[1], &targets = saved[2], &entropy = saved[3],
                 &softmax = saved[4];
    const RightSide right{weight.detach().t(),
                          reinterpret_cast<const float*>(context->saved_data["forward"].toInt())},
        back{weight.detach(), reinterpret_cast<const float*>(context->saved_data["back"].toInt())};
    const std::int64_t n = hidden.size(0), width = weight.size(1), vocab = weight.size(0);
    const float scale = static_cast<float>(1.0 / context->saved_data["temperature"].toDouble());
    const Tensor g = grads[0].defined() ? grads[0].contiguous() : at::zeros({n}),
                 e = grads[1].defined() ? grads[1].contiguous() : at::zeros({n});
    Tensor dhidden = at::empty_like(hidden);  // (N, D)
    const float* states = hidden.const_data_ptr<float>();
    for_chunks(
        n, vocab,
        [&](std::int64_t first, std::int64_t count, float* logits) {
          multiply_rows(states + first * width, count, right, nullptr, false, logits);
          for (std::int64_t i = 0; i < count; ++i) {
            const std::int64_t at = first + i;
            float* row = logits + i * vocab;
            const float gradient = g.const_data_ptr<float>()[at];
            kernels().logit_gradient(row, vocab, scale, rows_of(softmax)[at],
                                     entropy.const_data_ptr<float>()[at], gradient,
                                     e.const_data_ptr<float>()[at]);
            row[targets.const_data_ptr<std::int64_t>()[at]] += scale * gradient;
          }
          multiply_rows(logits, count, back, nullptr, false,
                        dhidden.mutable_data_ptr<float>() + first * width);
        },
        [&](std::int64_t first, std::int64_t count, const float* logits) {
          if (weight.grad().defined())
            add_weight_gradient(logits, states + first * width, count, vocab, width,
                                weight.grad().mutable_data_ptr<float>());
        });
    return {dhidden, Variable(), Variable(), Variable(), Variable(), Variable()};
  }

 private:
  static SoftmaxRow* rows_of(const Tensor& softmax) {
    return static_cast<SoftmaxRow*>(softmax.data_ptr());
  }

  // For chunks of kLogitRows rows: work(first, count, their logits' room) for parts of the chunk,
  // which threads share, then end(…) for all of it.
  template <class Work, class End>
  static void for_chunks(std::int64_t rows, std::int64_t vocab, const Work& work, const End& end) {
    float* room = scratch(Room::logits, std::min(rows, kLogitRows) * vocab);
    for (std::int64_t first = 0; first < rows; first += kLogitRows) {
      const std::int64_t count = std::min(kLogitRows, rows - first);
      at::parallel_for(0, count, kLeastRows, [&](std::int64_t begin, std::int64_t past) {
        work(first + begin, past - begin, room + begin * vocab);
      });
      end(first, count, room);
    }
  }
};

}  // namespace

at::Tensor linear(const at::Tensor& x, const LinearWeight& w, const at::Tensor& residual) {
  if (w.forward == nullptr) {
    const Tensor y = w.adapters.empty() ? typed_linear(x, w.weight, w.bias, w.products)
                                        : AdaptedLinear::apply(x, anchor_of(w.adapters), w);
    return residual.defined() ? residual + y : y;
  }
  return Linear::apply(x, std::nullopt, w.weight, optional(w.bias), optional(residual),
                       optional(anchor_of(w.adapters)),
                       Linear::Plan{Input::plain, 0, w.forward, w.backward, &w.adapters});
}

at::Tensor norm_linear(const at::Tensor& x, const at::Tensor& norm, double eps,
                       const LinearWeight& w) {
  if (w.forward == nullptr) return linear(rms_norm(x, norm, eps), w);
  return Linear::apply(x, norm, w.weight, optional(w.bias), std::nullopt,
                       optional(anchor_of(w.adapters)),
                       Linear::Plan{Input::norm, eps, w.forward, w.backward, &w.adapters});
}

at::Tensor swiglu_linear(const at::Tensor& gate_up, const LinearWeight& w,
                         const at::Tensor& residual) {
  if (w.forward == nullptr) return linear(swiglu(gate_up), w, residual);
  return Linear::apply(gate_up, std::nullopt, w.weight, optional(w.bias), optional(residual),
                       optional(anchor_of(w.adapters)),
                       Linear::Plan{Input::swiglu, 0, w.forward, w.backward, &w.adapters});
}

TokenDistribution token_distribution(const at::Tensor& hidden, const LinearWeight& w,
                                     const at::Tensor& targets, double temperature) {
  const auto out =
      TokenLogits::apply(hidden, w.weight, targets, temperature, w.forward, w.backward);
  return {out[0], out[1]};
}

}  // namespace tinyzero
