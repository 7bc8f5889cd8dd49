#include "core/model/operators.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <optional>

#include "core/kernels/kernels.h"
#include "core/model/parameters.h"

namespace tinyzero {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::Variable;
using Variables = torch::autograd::variable_list;

constexpr std::int64_t kRows = 128;       // rows of one parallel task: fixed, so sums do not depend on the number of threads
constexpr std::int64_t kLogitRows = 256;  // rows of logits held at once

enum Kind { kProducts, kAttention, kNormsAndGates, kDistribution, kKinds };
std::atomic<bool> accounting{false};
std::atomic<double> times[kKinds];

// The time of this scope belongs to `kind`.
class Accounted {
 public:
  explicit Accounted(Kind kind) : kind_(kind), on_(accounting.load(std::memory_order_relaxed)) {
    if (on_) start_ = std::chrono::steady_clock::now();
  }
  ~Accounted() {
    if (on_) times[kind_] += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  Accounted(const Accounted&) = delete;
  Accounted& operator=(const Accounted&) = delete;

 private:
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
Tensor partial_sums(std::int64_t rows, std::int64_t n) { return at::zeros({(rows + kRows - 1) / kRows, n}); }

// Memory of this thread for what lives within one operation.
float* scratch(std::int64_t floats) {
  thread_local FloatBuffer buffer;
  if (buffer.size() < floats) buffer = FloatBuffer(floats);
  return buffer.data();
}

// The right side of a product: (k, n), and packed if our own kernels are to compute it.
struct RightSide {
  const Tensor matrix;
  const float* packed;
};

// y (count, n) = x (count, k) · right + bias, or added to y; a right side that is not packed takes neither.
void multiply_rows(const float* x, std::int64_t count, const RightSide& right, const float* bias, bool add, float* y) {
  const Kernels& table = kernels();
  const std::int64_t k = right.matrix.size(0), n = right.matrix.size(1);
  const float* packed = right.packed;
  if (packed == nullptr) {
    Tensor out = at::from_blob(y, {count, n});
    at::mm_out(out, at::from_blob(const_cast<float*>(x), {count, k}), right.matrix);
    return;
  }
  LeftWords left{x, k, 1};
  if (table.pair > 1) {
    float* words = scratch(count * table.words(k));
    table.narrow_rows(x, k, count, k, words);
    left = {words, table.words(k), 1};
  }
  table.matmul(left, count, k, packed, n, bias, add, y, n);
}

// dweight (n, k) += dy (rows, n)^T · x (rows, k), n in parts that threads share.
void add_weight_gradient(const float* dy, const float* x, std::int64_t rows, std::int64_t n, std::int64_t k, float* dweight) {
  const Kernels& table = kernels();
  const std::int64_t words = table.words(rows);
  Tensor packed = at::empty({table.packed_size(k, rows)}), across;
  float* right = packed.mutable_data_ptr<float>();
  table.pack(x, 1, k, k, rows, right);
  const float* left = dy;
  if (table.pair > 1) {
    across = at::empty({words, n});
    table.narrow_columns(dy, n, rows, n, across.mutable_data_ptr<float>());
    left = across.const_data_ptr<float>();
  }
  for_rows(n, [&](std::int64_t first, std::int64_t count) {
    table.matmul({left + first, 1, n}, count, rows, right, k, nullptr, true, dweight + first * k, k);
  });
}

struct Linear : Function<Linear> {
  static Variable forward(AutogradContext* context, const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias,
                          const std::optional<Tensor>& residual, const float* packed, const float* packed_back) {
    const Accounted time(kProducts);
    const std::int64_t n = weight.size(0), k = weight.size(1);
    const RightSide right{weight.detach().t(), packed};
    Tensor y = residual ? residual->clone() : at::empty({x.size(0), n});  // (N, n)
    for_rows(x.size(0), [&](std::int64_t first, std::int64_t count) {
      multiply_rows(x.const_data_ptr<float>() + first * k, count, right, bias ? bias->const_data_ptr<float>() : nullptr,
                    residual.has_value(), y.mutable_data_ptr<float>() + first * n);
    });
    context->save_for_backward({x, weight, bias.value_or(Tensor())});
    context->saved_data["residual"] = residual.has_value();
    context->saved_data["back"] = reinterpret_cast<std::int64_t>(packed_back);
    return y;
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const Accounted time(kProducts);
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &bias = saved[2], dy = grads[0].contiguous();
    const RightSide back{weight.detach(), reinterpret_cast<const float*>(context->saved_data["back"].toInt())};
    const std::int64_t rows = x.size(0), n = weight.size(0), k = weight.size(1);
    const float *from = dy.const_data_ptr<float>(), *input = x.const_data_ptr<float>();
    Tensor dx = at::empty_like(x);  // (N, k)
    for_rows(rows, [&](std::int64_t first, std::int64_t count) {
      multiply_rows(from + first * n, count, back, nullptr, false, dx.mutable_data_ptr<float>() + first * k);
    });
    if (weight.grad().defined()) add_weight_gradient(from, input, rows, n, k, weight.grad().mutable_data_ptr<float>());
    if (bias.defined() && bias.grad().defined()) Tensor(bias.grad()).add_(dy.sum(0));
    return {dx, Variable(), Variable(), context->saved_data["residual"].toBool() ? dy : Variable(), Variable(), Variable()};
  }
};

struct RmsNorm : Function<RmsNorm> {
  static Variable forward(AutogradContext* context, const Tensor& x, const Tensor& weight, double eps) {
    const Accounted time(kNormsAndGates);
    Tensor y = at::empty_like(x);  // (N, D)
    const std::int64_t n = x.size(1);
    for_rows(x.size(0), [&](std::int64_t first, std::int64_t count) {
      kernels().rms_norm(x.const_data_ptr<float>() + first * n, n, weight.const_data_ptr<float>(), static_cast<float>(eps), count, n,
                         y.mutable_data_ptr<float>() + first * n, n);
    });
    context->save_for_backward({x, weight});
    context->saved_data["eps"] = eps;
    return y;
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const Accounted time(kNormsAndGates);
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], dy = grads[0].contiguous();
    const float eps = static_cast<float>(context->saved_data["eps"].toDouble());
    const std::int64_t n = x.size(1);
    Tensor dx = at::empty_like(x), dweight = partial_sums(x.size(0), n);  // (N, D), (chunks, D)
    for_rows(x.size(0), [&](std::int64_t first, std::int64_t count) {
      kernels().rms_norm_backward(x.const_data_ptr<float>() + first * n, weight.const_data_ptr<float>(), eps,
                                  dy.const_data_ptr<float>() + first * n, count, n, dx.mutable_data_ptr<float>() + first * n,
                                  dweight.mutable_data_ptr<float>() + first / kRows * n);
    });
    return {dx, dweight.sum(0), Variable()};
  }
};

struct Swiglu : Function<Swiglu> {
  static Variable forward(AutogradContext* context, const Tensor& gate_up) {
    const Accounted time(kNormsAndGates);
    const std::int64_t n = gate_up.size(1) / 2;
    Tensor y = at::empty({gate_up.size(0), n});  // (N, F)
    for_rows(y.size(0), [&](std::int64_t first, std::int64_t count) {
      kernels().swiglu(gate_up.const_data_ptr<float>() + first * 2 * n, count, n, y.mutable_data_ptr<float>() + first * n);
    });
    context->save_for_backward({gate_up});
    return y;
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const Accounted time(kNormsAndGates);
    const Tensor gate_up = context->get_saved_variables()[0], dy = grads[0].contiguous();
    const std::int64_t n = dy.size(1);
    Tensor d = at::empty_like(gate_up);  // (N, 2F)
    for_rows(dy.size(0), [&](std::int64_t first, std::int64_t count) {
      kernels().swiglu_backward(gate_up.const_data_ptr<float>() + first * 2 * n, dy.const_data_ptr<float>() + first * n, count, n,
                                d.mutable_data_ptr<float>() + first * 2 * n);
    });
    return {d};
  }
};

// Calls work(chunk, row, position) for all rows.
template <class Work>
void for_positions(const PackedShape& packed, const Work& work) {
  std::vector<std::int64_t> positions(static_cast<std::size_t>(packed.tokens()));
  for (std::int64_t s = 0; s < packed.sequences(); ++s) {
    for (std::int64_t t = 0; t < packed.length(s); ++t)
      positions[static_cast<std::size_t>(packed.start(s) + t)] = packed.first_position(s) + t;
  }
  for_rows(packed.tokens(), [&](std::int64_t first, std::int64_t count) {
    for (std::int64_t row = first; row < first + count; ++row) work(first / kRows, row, positions[static_cast<std::size_t>(row)]);
  });
}

// Rotation and q/k norm, there and back, around the attention kernels.
class AttentionPass {
 public:
  explicit AttentionPass(const AttentionInput& in)
      : in_(in),
        width_((in.heads + 2 * in.kv_heads) * in.head_dim),
        q_width_(in.heads * in.head_dim),
        kv_width_(in.kv_heads * in.head_dim),
        shape_{in.heads, in.kv_heads, in.head_dim, width_, q_width_, 1.0f / std::sqrt(static_cast<float>(in.head_dim))} {}

  // q and k after norm and rotation, v as it is.
  Tensor turn(const Tensor& qkv, const Tensor& q_norm, const Tensor& k_norm) const {
    Tensor turned = qkv.clone();  // (N, (H + 2 KV) d)
    const std::int64_t dim = in_.head_dim;
    const float eps = static_cast<float>(in_.eps);
    for_positions(*in_.shape, [&](std::int64_t, std::int64_t row, std::int64_t position) {
      float *q = turned.mutable_data_ptr<float>() + row * width_, *k = q + q_width_;
      if (q_norm.defined()) {
        kernels().rms_norm(q, dim, q_norm.const_data_ptr<float>(), eps, in_.heads, dim, q, dim);
        kernels().rms_norm(k, dim, k_norm.const_data_ptr<float>(), eps, in_.kv_heads, dim, k, dim);
      }
      kernels().rope(q, in_.heads + in_.kv_heads, dim, in_.rope->cosines(position), in_.rope->sines(position));
    });
    return turned;
  }

  // Turns the gradient `d` of turned into the gradient of qkv, in place; adds to the partial gradients of the norms.
  void turn_back(const Tensor& qkv, const Tensor& q_norm, const Tensor& k_norm, Tensor& d, Tensor& dq_norm, Tensor& dk_norm) const {
    const std::int64_t dim = in_.head_dim;
    const float eps = static_cast<float>(in_.eps);
    for_positions(*in_.shape, [&](std::int64_t chunk, std::int64_t row, std::int64_t position) {
      thread_local std::vector<float> sines, turned;
      sines.assign(in_.rope->sines(position), in_.rope->sines(position) + dim / 2);
      for (float& sine : sines) sine = -sine;
      float *dq = d.mutable_data_ptr<float>() + row * width_, *dk = dq + q_width_;
      kernels().rope(dq, in_.heads + in_.kv_heads, dim, in_.rope->cosines(position), sines.data());
      if (!q_norm.defined()) return;
      const float* q = qkv.const_data_ptr<float>() + row * width_;
      turned.assign(dq, dq + q_width_ + kv_width_);
      kernels().rms_norm_backward(q, q_norm.const_data_ptr<float>(), eps, turned.data(), in_.heads, dim, dq,
                                  dq_norm.mutable_data_ptr<float>() + chunk * dim);
      kernels().rms_norm_backward(q + q_width_, k_norm.const_data_ptr<float>(), eps, turned.data() + q_width_, in_.kv_heads, dim, dk,
                                  dk_norm.mutable_data_ptr<float>() + chunk * dim);
    });
  }

  // Where one sequence and key/value head begin, in floats, and the rows of the sequence that it continues.
  struct HeadPlace {
    std::int64_t q, k, v, out, lse, length;
    std::int64_t shared_k, shared_v, shared_length;
  };

  // Runs work(place, scratch) on every sequence and key/value head. Sequences that share rows come after their owner, on its thread.
  template <class Work>
  void for_heads(const Work& work) const {
    const PackedShape& packed = *in_.shape;
    std::vector<std::int64_t> owners;
    for (std::int64_t s = 0; s < packed.sequences(); ++s) {
      if (packed.parent(s) < 0) owners.push_back(s);
    }
    owners.push_back(packed.sequences());
    at::parallel_for(0, (static_cast<std::int64_t>(owners.size()) - 1) * in_.kv_heads, 1, [&](std::int64_t begin, std::int64_t end) {
      std::vector<float> scratch;
      for (std::int64_t i = begin; i < end; ++i) {
        const auto family = static_cast<std::size_t>(i / in_.kv_heads);
        for (std::int64_t s = owners[family]; s < owners[family + 1]; ++s) {
          if (packed.length(s) == 0) continue;
          scratch.resize(static_cast<std::size_t>(kernels().attention_scratch(shape_, packed.first_position(s) + packed.length(s))));
          work(place_of(s, i % in_.kv_heads), scratch.data());
        }
      }
    });
  }

  Tensor forward(const Tensor& turned, Tensor& lse) const {
    Tensor out = at::empty({turned.size(0), q_width_});  // (N, H d)
    for_heads([&](const HeadPlace& at, float* scratch) {
      const float* x = turned.const_data_ptr<float>();
      kernels().attention(shape_, x + at.q, x + at.k, x + at.v, {x + at.shared_k, x + at.shared_v, nullptr, nullptr, at.shared_length},
                          at.length, out.mutable_data_ptr<float>() + at.out, lse.mutable_data_ptr<float>() + at.lse, scratch);
    });
    return out;
  }

  Tensor backward(const Tensor& turned, const Tensor& out, const Tensor& lse, const Tensor& dout) const {
    Tensor d = at::empty_like(turned);  // (N, (H + 2 KV) d)
    for_heads([&](const HeadPlace& at, float* scratch) {
      const float* x = turned.const_data_ptr<float>();
      float* dx = d.mutable_data_ptr<float>();
      const SharedRows shared{x + at.shared_k, x + at.shared_v, dx + at.shared_k, dx + at.shared_v, at.shared_length};
      kernels().attention_backward(shape_, x + at.q, x + at.k, x + at.v, shared, out.const_data_ptr<float>() + at.out,
                                   lse.const_data_ptr<float>() + at.lse, dout.const_data_ptr<float>() + at.out, at.length, dx + at.q,
                                   dx + at.k, dx + at.v, scratch);
    });
    return d;
  }

 private:
  HeadPlace place_of(std::int64_t s, std::int64_t h) const {
    const PackedShape& packed = *in_.shape;
    const std::int64_t group = in_.heads / in_.kv_heads, first = packed.start(s), length = packed.length(s), parent = packed.parent(s),
                       k = q_width_ + h * in_.head_dim, shared = (parent < 0 ? first : packed.start(parent)) * width_ + k;
    return {first * width_ + h * group * in_.head_dim,
            first * width_ + k,
            first * width_ + k + kv_width_,
            first * q_width_ + h * group * in_.head_dim,
            first * in_.heads + h * group * length,
            length,
            shared,
            shared + kv_width_,
            packed.first_position(s)};
  }

  const AttentionInput& in_;
  std::int64_t width_, q_width_, kv_width_;
  AttentionShape shape_;
};

// What autograd keeps of an AttentionInput.
struct SavedInput : torch::CustomClassHolder {
  explicit SavedInput(AttentionInput in) : input(std::move(in)) {}
  AttentionInput input;
};

struct Attention : Function<Attention> {
  static Variable forward(AutogradContext* context, const Tensor& qkv, const std::optional<Tensor>& q_weight,
                          const std::optional<Tensor>& k_weight, const AttentionInput& in) {
    const Accounted time(kAttention);
    const Tensor q_norm = q_weight.value_or(Tensor()), k_norm = k_weight.value_or(Tensor());
    const AttentionPass pass(in);
    const Tensor turned = pass.turn(qkv, q_norm, k_norm);
    Tensor lse = at::empty({qkv.size(0) * in.heads});  // (H N), by sequence
    const Tensor out = pass.forward(turned, lse);
    context->save_for_backward({qkv, q_norm, k_norm, turned, out, lse});
    context->saved_data["input"] = c10::IValue::make_capsule(c10::make_intrusive<SavedInput>(in));
    return out;
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const Accounted time(kAttention);
    const auto saved = context->get_saved_variables();
    const Tensor &qkv = saved[0], &q_norm = saved[1], &k_norm = saved[2];
    const auto holder = context->saved_data["input"].toCapsule();
    const AttentionInput& in = static_cast<const SavedInput&>(*holder).input;
    const AttentionPass pass(in);
    Tensor d = pass.backward(saved[3], saved[4], saved[5], grads[0].contiguous());
    Tensor dq_norm = partial_sums(qkv.size(0), in.head_dim), dk_norm = partial_sums(qkv.size(0), in.head_dim);
    pass.turn_back(qkv, q_norm, k_norm, d, dq_norm, dk_norm);
    if (!q_norm.defined()) return {d, Variable(), Variable(), Variable()};
    return {d, dq_norm.sum(0), dk_norm.sum(0), Variable()};
  }
};

// log softmax at the targets, in chunks of kLogitRows rows; the backward pass computes the logits again.
//   l = h W^T / T,  p = softmax(l),  logp = l_target - lse,  H = lse - sum p l
//   dl = g (onehot - p) - e p (log p + H),  dh = dl W / T,  dW += dl^T h / T
struct TokenLogits : Function<TokenLogits> {
  static Variables forward(AutogradContext* context, const Tensor& hidden, const Tensor& weight, const Tensor& targets, double temperature,
                           const float* packed, const float* packed_back) {
    const Accounted time(kDistribution);
    const std::int64_t n = hidden.size(0), width = weight.size(1), vocab = weight.size(0);
    Tensor logp = at::empty({n}), entropy = at::empty({n}), lse = at::empty({n});
    const float scale = static_cast<float>(1.0 / temperature);
    const RightSide right{weight.detach().t(), packed};
    for_chunks(n, vocab, [&](std::int64_t first, std::int64_t count, float* logits) {
      multiply_rows(hidden.const_data_ptr<float>() + first * width, count, right, nullptr, false, logits);
      for (std::int64_t i = 0; i < count; ++i) {
        const float* row = logits + i * vocab;
        float largest = 0;
        double sum = 0, weighted = 0;
        kernels().distribution(row, vocab, scale, largest, sum, weighted);
        const double log_sum = std::log(sum), chosen = row[targets.const_data_ptr<std::int64_t>()[first + i]];
        lse.mutable_data_ptr<float>()[first + i] = static_cast<float>(static_cast<double>(largest) * scale + log_sum);
        logp.mutable_data_ptr<float>()[first + i] = static_cast<float>((chosen - largest) * scale - log_sum);
        entropy.mutable_data_ptr<float>()[first + i] = static_cast<float>(log_sum - weighted / sum);
      }
    });
    context->save_for_backward({hidden, weight, targets, entropy, lse});
    context->saved_data["temperature"] = temperature;
    context->saved_data["forward"] = reinterpret_cast<std::int64_t>(packed);
    context->saved_data["back"] = reinterpret_cast<std::int64_t>(packed_back);
    return {logp, entropy};
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const Accounted time(kDistribution);
    const auto saved = context->get_saved_variables();
    const Tensor &hidden = saved[0], &weight = saved[1], &targets = saved[2], &entropy = saved[3], &lse = saved[4];
    const RightSide right{weight.detach().t(), reinterpret_cast<const float*>(context->saved_data["forward"].toInt())},
        back{weight.detach(), reinterpret_cast<const float*>(context->saved_data["back"].toInt())};
    const std::int64_t n = hidden.size(0), width = weight.size(1), vocab = weight.size(0);
    const float scale = static_cast<float>(1.0 / context->saved_data["temperature"].toDouble());
    const Tensor g = grads[0].defined() ? grads[0].contiguous() : at::zeros({n}),
                 e = grads[1].defined() ? grads[1].contiguous() : at::zeros({n});
    Tensor dhidden = at::empty_like(hidden);  // (N, D)
    const float* states = hidden.const_data_ptr<float>();
    for_chunks(n, vocab, [&](std::int64_t first, std::int64_t count, float* logits) {
      multiply_rows(states + first * width, count, right, nullptr, false, logits);
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t at = first + i;
        float* row = logits + i * vocab;
        const float gradient = g.const_data_ptr<float>()[at];
        kernels().logit_gradient(row, vocab, scale, lse.const_data_ptr<float>()[at], entropy.const_data_ptr<float>()[at], gradient,
                                 e.const_data_ptr<float>()[at]);
        row[targets.const_data_ptr<std::int64_t>()[at]] += scale * gradient;
      }
      multiply_rows(logits, count, back, nullptr, false, dhidden.mutable_data_ptr<float>() + first * width);
      if (weight.grad().defined())
        add_weight_gradient(logits, states + first * width, count, vocab, width, weight.grad().mutable_data_ptr<float>());
    });
    return {dhidden, Variable(), Variable(), Variable(), Variable(), Variable()};
  }

 private:
  // work(first, count, room for the logits of count rows) for chunks of kLogitRows rows.
  template <class Work>
  static void for_chunks(std::int64_t rows, std::int64_t vocab, const Work& work) {
    Tensor logits = at::empty({std::min(rows, kLogitRows), vocab});
    for (std::int64_t first = 0; first < rows; first += kLogitRows)
      work(first, std::min(kLogitRows, rows - first), logits.mutable_data_ptr<float>());
  }
};

}  // namespace

void keep_account(bool on) {
  for (auto& time : times) time = 0;
  accounting = on;
}

OperatorTimes account() { return {times[kProducts], times[kAttention], times[kNormsAndGates], times[kDistribution]}; }

std::int64_t PackedShape::longest() const {
  std::int64_t most = 1;
  for (std::int64_t s = 0; s < sequences(); ++s) most = std::max(most, first_position(s) + length(s));
  return most;
}

void PackedShape::add_continuation(std::int64_t length) {
  std::int64_t owner = sequences() - 1;
  while (parent(owner) >= 0) --owner;
  add(length);
  continues.back() = owner;
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) { return RmsNorm::apply(x, weight, eps); }

at::Tensor attention(const at::Tensor& qkv, const at::Tensor& q_norm, const at::Tensor& k_norm, const AttentionInput& input) {
  const auto optional = [](const Tensor& t) { return t.defined() ? std::optional<Tensor>(t) : std::nullopt; };
  return Attention::apply(qkv, optional(q_norm), optional(k_norm), input);
}

at::Tensor swiglu(const at::Tensor& gate_up) { return Swiglu::apply(gate_up); }

at::Tensor linear(const at::Tensor& x, const LinearWeight& w, const at::Tensor& residual) {
  if (w.forward == nullptr) {
    const Tensor y = at::linear(x, w.weight, w.bias);
    return residual.defined() ? residual + y : y;
  }
  const auto optional = [](const Tensor& t) { return t.defined() ? std::optional<Tensor>(t) : std::nullopt; };
  return Linear::apply(x, w.weight, optional(w.bias), optional(residual), w.forward, w.backward);
}

TokenDistribution token_distribution(const at::Tensor& hidden, const LinearWeight& w, const at::Tensor& targets, double temperature) {
  const auto out = TokenLogits::apply(hidden, w.weight, targets, temperature, w.forward, w.backward);
  return {out[0], out[1]};
}

}  // namespace tinyzero
