#include <cmath>

#include "core/kernels/kernels.h"
#include "core/transformer/autograd_function.h"
#include "core/transformer/kernel_operators.h"
#include "core/transformer/products.h"
#include "core/transformer/profile.h"
#include "core/transformer/row_chunks.h"
#include "core/transformer/scratch.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kLeastRows = 24;  // of logits that are worth a thread

struct HeadPlan {
  double temperature;
  const float* forward;   // the packed head; null: LibTorch's products
  const float* backward;  // its packed transpose

  float scale() const { return static_cast<float>(1.0 / temperature); }
};

// For chunks of kLogitRows rows: work(first, count, logits) for pieces of the chunk, which threads
// share, then end(first, count, logits) for all of it. `logits` is memory for (count, V).
template <class Work, class End>
void for_chunks(std::int64_t rows, std::int64_t vocab, const Work& work, const End& end) {
  float* logits = scratch(Scratch::logits, std::min(rows, kLogitRows) * vocab);
  for (std::int64_t first = 0; first < rows; first += kLogitRows) {
    const std::int64_t count = std::min(kLogitRows, rows - first);
    at::parallel_for(0, count, kLeastRows, [&](std::int64_t begin, std::int64_t past) {
      work(first + begin, past - begin, logits + begin * vocab);
    });
    end(first, count, logits);
  }
}

SoftmaxRow* rows_of(const Tensor& softmax) { return static_cast<SoftmaxRow*>(softmax.data_ptr()); }

// log softmax at the targets, in chunks of kLogitRows rows; the backward pass computes the logits
// again.
//   l = h W^T / T,  p = softmax(l),  logp = log p_target,  H = -sum p log p
//   dl = g (onehot - p) - e p (log p + H),  dh = dl W / T,  dW += dl^T h / T
struct TokenLogits : Function<TokenLogits> {
  static Variables forward(AutogradContext* context, const Tensor& hidden, const Tensor& weight,
                           const Tensor& targets, const HeadPlan& plan) {
    const ProfiledScope time(OperatorKind::distribution);
    const std::int64_t n = hidden.size(0), width = weight.size(1), vocab = weight.size(0);
    Tensor logp = at::empty({n});        // (N)
    Tensor entropy = at::empty({n});     // (N)
    Tensor softmax = at::empty({n, 2});  // (N) of SoftmaxRow
    const float scale = plan.scale();
    const RightSide right{weight.detach().t(), plan.forward};
    const auto work = [&](std::int64_t first, std::int64_t count, float* logits) {
      multiply_rows(hidden.const_data_ptr<float>() + first * width, count, right, logits);
      for (std::int64_t i = first; i < first + count; ++i, logits += vocab) {
        float largest = 0;
        double sum = 0, weighted = 0;
        kernels().distribution(logits, vocab, scale, largest, sum, weighted);
        const double log_sum = std::log(sum);
        const double chosen = logits[targets.const_data_ptr<std::int64_t>()[i]];
        rows_of(softmax)[i] = {largest, static_cast<float>(log_sum)};
        logp.mutable_data_ptr<float>()[i] =
            static_cast<float>((chosen - largest) * scale - log_sum);
        entropy.mutable_data_ptr<float>()[i] = static_cast<float>(log_sum - weighted / sum);
      }
    };
    for_chunks(n, vocab, work, [](std::int64_t, std::int64_t, float*) {});
    context->save_for_backward({hidden, weight, targets, entropy, softmax});
    save_in_node(context, plan);
    return {logp, entropy};
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const ProfiledScope time(OperatorKind::distribution);
    const auto saved = context->get_saved_variables();
    const Tensor& hidden = saved[0];  // (N, D)
    const Tensor& weight = saved[1];  // (V, D)
    const auto& plan = saved_in_node<HeadPlan>(context);
    const std::int64_t n = hidden.size(0), width = weight.size(1), vocab = weight.size(0);
    const RightSide right{weight.detach().t(), plan.forward};
    const RightSide back{weight.detach(), plan.backward};
    const LogitGradient gradient(saved, grads, plan.scale());
    Tensor dhidden = at::empty_like(hidden);  // (N, D)
    const float* states = hidden.const_data_ptr<float>();
    const auto work = [&](std::int64_t first, std::int64_t count, float* logits) {
      multiply_rows(states + first * width, count, right, logits);
      for (std::int64_t i = 0; i < count; ++i)
        gradient.replace(first + i, logits + i * vocab, vocab);
      multiply_rows(logits, count, back, dhidden.mutable_data_ptr<float>() + first * width);
    };
    for_chunks(n, vocab, work, [&](std::int64_t first, std::int64_t count, const float* dlogits) {
      if (weight.grad().defined())
        add_weight_gradient(dlogits, states + first * width, count, weight.grad());
    });
    return {dhidden, Variable(), Variable(), Variable()};
  }

 private:
  // The gradient of a row of logits.
  class LogitGradient {
   public:
    LogitGradient(const Variables& saved, const Variables& grads, float scale)
        : targets_(saved[2]),
          entropy_(saved[3]),
          softmax_(saved[4]),
          by_logp_(or_zeros(grads[0], saved[3])),
          by_entropy_(or_zeros(grads[1], saved[3])),
          scale_(scale) {}

    // Row i of the logits (V) becomes its gradient.
    void replace(std::int64_t i, float* row, std::int64_t vocab) const {
      const float g = by_logp_.const_data_ptr<float>()[i];
      kernels().logit_gradient(row, vocab, scale_, rows_of(softmax_)[i],
                               entropy_.const_data_ptr<float>()[i], g,
                               by_entropy_.const_data_ptr<float>()[i]);
      row[targets_.const_data_ptr<std::int64_t>()[i]] += scale_ * g;
    }

   private:
    static Tensor or_zeros(const Tensor& gradient, const Tensor& like) {
      return gradient.defined() ? gradient.contiguous() : at::zeros_like(like);
    }

    Tensor targets_;     // (N)
    Tensor entropy_;     // (N)
    Tensor softmax_;     // (N) of SoftmaxRow
    Tensor by_logp_;     // (N) gradient of the loss
    Tensor by_entropy_;  // (N) gradient of the loss
    float scale_;        // 1 / T
  };
};

}  // namespace

TokenDistribution KernelOperators::distribution(const Tensor& hidden, const LinearWeight& head,
                                                const Tensor& targets, double temperature) const {
  const HeadPlan plan{
      .temperature = temperature, .forward = head.forward, .backward = head.backward};
  const auto out = TokenLogits::apply(hidden, head.weight, targets, plan);
  return {out[0], out[1]};
}

}  // namespace tinyzero
