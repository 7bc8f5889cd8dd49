#include <cmath>
#include <vector>

#include "core/kernels/kernels.h"
#include "core/model/rope.h"
#include "core/transformer/autograd_function.h"
#include "core/transformer/kernel_operators.h"
#include "core/transformer/packed_shape.h"
#include "core/transformer/profile.h"
#include "core/transformer/row_chunks.h"
#include "core/transformer/scratch.h"

namespace tinyzero {
namespace {

// Calls work(chunk, row, position) for every row of the batch.
template <class Work>
void for_positions(const PackedShape& packed, const Work& work) {
  std::vector<std::int64_t> positions(packed.tokens());
  for (std::int64_t s = 0; s < packed.sequences(); ++s) {
    for (std::int64_t t = 0; t < packed.length(s); ++t)
      positions[packed.start(s) + t] = packed.first_position(s) + t;
  }
  for_rows(packed.tokens(), [&](std::int64_t first, std::int64_t count) {
    for (std::int64_t row = first; row < first + count; ++row)
      work(first / kRows, row, positions[row]);
  });
}

// The norm and rotation of q and k, the attention kernels, and the way back.
class AttentionPass {
 public:
  explicit AttentionPass(const AttentionInput& in)
      : in_(in),
        width_((in.heads + 2 * in.kv_heads) * in.head_dim),
        q_width_(in.heads * in.head_dim),
        kv_width_(in.kv_heads * in.head_dim),
        shape_{in.heads, in.kv_heads, in.head_dim,
               width_,   q_width_,    1.0f / std::sqrt(static_cast<float>(in.head_dim))} {}

  // qkv with q and k normed and rotated.
  Tensor rotate(const Tensor& qkv, const Tensor& q_norm, const Tensor& k_norm) const {
    Tensor rotated = qkv.clone();  // (N, (H + 2 KV) d)
    const std::int64_t dim = in_.head_dim;
    const float eps = static_cast<float>(in_.eps);
    for_positions(*in_.shape, [&](std::int64_t, std::int64_t row, std::int64_t position) {
      float* q = rotated.mutable_data_ptr<float>() + row * width_;
      float* k = q + q_width_;
      if (q_norm.defined()) {
        kernels().rms_norm(q, dim, q_norm.const_data_ptr<float>(), eps, in_.heads, dim, q, dim);
        kernels().rms_norm(k, dim, k_norm.const_data_ptr<float>(), eps, in_.kv_heads, dim, k, dim);
      }
      kernels().rope(q, in_.heads + in_.kv_heads, dim, in_.rope->cosines(position),
                     in_.rope->sines(position));
    });
    return rotated;
  }

  // Turns the gradient d of `rotated` into that of qkv, in place, and adds to the partial gradients
  // of the norms.
  void rotate_back(const Tensor& qkv, const Tensor& q_norm, const Tensor& k_norm, Tensor& d,
                   Tensor& dq_norm, Tensor& dk_norm) const {
    const std::int64_t dim = in_.head_dim;
    const float eps = static_cast<float>(in_.eps);
    for_positions(*in_.shape, [&](std::int64_t chunk, std::int64_t row, std::int64_t position) {
      thread_local std::vector<float> sines, rotated;
      sines.assign(in_.rope->sines(position), in_.rope->sines(position) + dim / 2);
      for (float& sine : sines) sine = -sine;
      float* dq = d.mutable_data_ptr<float>() + row * width_;
      float* dk = dq + q_width_;
      kernels().rope(dq, in_.heads + in_.kv_heads, dim, in_.rope->cosines(position), sines.data());
      if (!q_norm.defined()) return;
      const float* q = qkv.const_data_ptr<float>() + row * width_;
      rotated.assign(dq, dq + q_width_ + kv_width_);
      kernels().rms_norm_backward(q, q_norm.const_data_ptr<float>(), eps, rotated.data(), in_.heads,
                                  dim, dq, dq_norm.mutable_data_ptr<float>() + chunk * dim);
      kernels().rms_norm_backward(q + q_width_, k_norm.const_data_ptr<float>(), eps,
                                  rotated.data() + q_width_, in_.kv_heads, dim, dk,
                                  dk_norm.mutable_data_ptr<float>() + chunk * dim);
    });
  }

  // Where one sequence and key/value head begin, as offsets in floats.
  struct HeadOffsets {
    std::int64_t q;
    std::int64_t k;
    std::int64_t v;
    std::int64_t out;
    std::int64_t softmax;  // in rows
    std::int64_t length;   // rows of the sequence
    // The rows of the sequence that it continues.
    std::int64_t shared_k;
    std::int64_t shared_v;
    std::int64_t shared_length;
  };

  // Calls work(offsets, scratch) for every sequence and key/value head. Sequences that share rows
  // come after their owner, on its thread.
  template <class Work>
  void for_heads(const Work& work) const {
    const std::vector<std::int64_t> owners = sequences_with_their_own_rows();
    const std::int64_t families = (std::ssize(owners) - 1) * in_.kv_heads;
    at::parallel_for(0, families, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::size_t family = i / in_.kv_heads;
        for (std::int64_t s = owners[family]; s < owners[family + 1]; ++s) {
          if (in_.shape->length(s) == 0) continue;
          const std::int64_t positions = in_.shape->first_position(s) + in_.shape->length(s);
          const std::int64_t floats = kernels().attention_scratch(shape_, positions);
          work(offsets_of(s, i % in_.kv_heads), scratch(Scratch::attention, floats));
        }
      }
    });
  }

  static SoftmaxRow* rows_of(const Tensor& softmax) {
    return static_cast<SoftmaxRow*>(softmax.data_ptr());
  }

  Tensor forward(const Tensor& rotated, const Tensor& softmax) const {
    Tensor out = at::empty({rotated.size(0), q_width_});  // (N, H d)
    for_heads([&](const HeadOffsets& at, float* memory) {
      const float* x = rotated.const_data_ptr<float>();
      kernels().attention(shape_, x + at.q, x + at.k, x + at.v,
                          {x + at.shared_k, x + at.shared_v, nullptr, nullptr, at.shared_length},
                          at.length, out.mutable_data_ptr<float>() + at.out,
                          rows_of(softmax) + at.softmax, memory);
    });
    return out;
  }

  Tensor backward(const Tensor& rotated, const Tensor& out, const Tensor& softmax,
                  const Tensor& dout) const {
    Tensor d = at::empty_like(rotated);  // (N, (H + 2 KV) d)
    for_heads([&](const HeadOffsets& at, float* memory) {
      const float* x = rotated.const_data_ptr<float>();
      float* dx = d.mutable_data_ptr<float>();
      const SharedRows shared{x + at.shared_k, x + at.shared_v, dx + at.shared_k, dx + at.shared_v,
                              at.shared_length};
      kernels().attention_backward(
          shape_, x + at.q, x + at.k, x + at.v, shared, out.const_data_ptr<float>() + at.out,
          rows_of(softmax) + at.softmax, dout.const_data_ptr<float>() + at.out, at.length,
          dx + at.q, dx + at.k, dx + at.v, memory);
    });
    return d;
  }

 private:
  // Ascending, and the number of all sequences at the end.
  std::vector<std::int64_t> sequences_with_their_own_rows() const {
    const PackedShape& packed = *in_.shape;
    std::vector<std::int64_t> owners;
    for (std::int64_t s = 0; s < packed.sequences(); ++s) {
      if (packed.parent(s) < 0) owners.push_back(s);
    }
    owners.push_back(packed.sequences());
    return owners;
  }

  HeadOffsets offsets_of(std::int64_t s, std::int64_t h) const {
    const PackedShape& packed = *in_.shape;
    const std::int64_t group = in_.heads / in_.kv_heads;
    const std::int64_t first = packed.start(s);
    const std::int64_t length = packed.length(s);
    const std::int64_t parent = packed.parent(s);
    const std::int64_t k = q_width_ + h * in_.head_dim;
    const std::int64_t shared = (parent < 0 ? first : packed.start(parent)) * width_ + k;
    return {.q = first * width_ + h * group * in_.head_dim,
            .k = first * width_ + k,
            .v = first * width_ + k + kv_width_,
            .out = first * q_width_ + h * group * in_.head_dim,
            .softmax = first * in_.heads + h * group * length,
            .length = length,
            .shared_k = shared,
            .shared_v = shared + kv_width_,
            .shared_length = packed.first_position(s)};
  }

  const AttentionInput& in_;
  std::int64_t width_;     // of a row of qkv
  std::int64_t q_width_;   // of its queries
  std::int64_t kv_width_;  // of its keys
  AttentionShape shape_;
};

struct Attention : Function<Attention> {
  static Variable forward(AutogradContext* context, const Tensor& qkv,
                          const std::optional<Tensor>& q_weight,
                          const std::optional<Tensor>& k_weight, const AttentionInput& in) {
    const ProfiledScope time(OperatorKind::attention);
    const Tensor q_norm = q_weight.value_or(Tensor());  // (d), or undefined
    const Tensor k_norm = k_weight.value_or(Tensor());  // (d), or undefined
    const AttentionPass pass(in);
    const Tensor rotated = pass.rotate(qkv, q_norm, k_norm);        // (N, (H + 2 KV) d)
    const Tensor softmax = at::empty({qkv.size(0) * in.heads, 2});  // (H N) of SoftmaxRow
    const Tensor out = pass.forward(rotated, softmax);              // (N, H d)
    context->save_for_backward(
        {q_norm.defined() ? qkv : Tensor(), q_norm, k_norm, rotated, out, softmax});
    save_in_node(context, in);
    return out;
  }

  static Variables backward(AutogradContext* context, const Variables& grads) {
    const ProfiledScope time(OperatorKind::attention);
    const auto saved = context->get_saved_variables();
    const Tensor& qkv = saved[0];     // (N, (H + 2 KV) d), or undefined without norms
    const Tensor& q_norm = saved[1];  // (d), or undefined
    const Tensor& k_norm = saved[2];  // (d), or undefined
    const auto& in = saved_in_node<AttentionInput>(context);
    const AttentionPass pass(in);
    Tensor d = pass.backward(saved[3], saved[4], saved[5],
                             grads[0].contiguous());        // (N, (H + 2 KV) d)
    Tensor dq_norm = partial_sums(d.size(0), in.head_dim);  // (chunks, d)
    Tensor dk_norm = partial_sums(d.size(0), in.head_dim);  // (chunks, d)
    pass.rotate_back(qkv, q_norm, k_norm, d, dq_norm, dk_norm);
    if (!q_norm.defined()) return {d, Variable(), Variable(), Variable()};
    return {d, dq_norm.sum(0), dk_norm.sum(0), Variable()};
  }
};

}  // namespace

Tensor KernelOperators::attention(const Tensor& qkv, const Tensor& q_norm, const Tensor& k_norm,
                                  const AttentionInput& in) const {
  return Attention::apply(qkv, optional(q_norm), optional(k_norm), in);
}

}  // namespace tinyzero
