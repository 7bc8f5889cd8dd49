#include "core/transformer/operators.h"

#include "core/model/config.h"

namespace tinyzero {

AttentionInput Operators::attention_input(const ModelConfig& config,
                                          const std::shared_ptr<const PackedShape>& shape,
                                          const std::shared_ptr<const RopeTable>& rope) const {
  return {.heads = config.heads,
          .kv_heads = config.kv_heads,
          .head_dim = config.head_dim,
          .eps = config.norm_eps,
          .shape = shape,
          .rope = rope};
}

at::Tensor Operators::norm_linear(const at::Tensor& x, const at::Tensor& norm, double eps,
                                  const LinearWeight& w) const {
  return linear(rms_norm(x, norm, eps), w, {});
}

at::Tensor Operators::swiglu_linear(const at::Tensor& gate_up, const LinearWeight& w,
                                    const at::Tensor& residual) const {
  return linear(swiglu(gate_up), w, residual);
}

}  // namespace tinyzero
