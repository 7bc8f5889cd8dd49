// Attention on our kernels and padded on a device, against LibTorch in double precision.

#include <doctest/doctest.h>

#include "core/model/config.h"
#include "core/model/rope.h"
#include "core/transformer/device_operators.h"
#include "core/transformer/kernel_operators.h"
#include "core/transformer/packed_shape.h"
#include "support/value_gradient.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/attention");

namespace {

const KernelOperators kKernels;
const TorchOperators kTorch;

struct Heads {
  std::int64_t heads, kv_heads, head_dim;
  bool norms;
};

ModelConfig config_of(const Heads& heads) {
  ModelConfig c = preset_config("tiny");
  c.heads = heads.heads;
  c.kv_heads = heads.kv_heads;
  c.head_dim = heads.head_dim;
  return c;
}

// Two prompts, the first shared by three completions of which one is empty, and a lone sequence.
std::shared_ptr<PackedShape> some_shape() {
  auto shape = std::make_shared<PackedShape>();
  shape->add(5);
  shape->add_continuation(3);
  shape->add_continuation(0);
  shape->add_continuation(140);
  shape->add(1);
  shape->add(33);
  return shape;
}

ValueGradient attention_of(const Operators& op, const Heads& heads,
                           const std::vector<at::Tensor>& inputs, at::ScalarType type) {
  const ModelConfig c = config_of(heads);
  const auto shape = some_shape();
  const auto rope = std::make_shared<RopeTable>(c);
  rope->ensure(shape->longest());
  const AttentionInput in = op.attention_input(c, shape, rope);
  return value_gradient(
      [&](const std::vector<at::Tensor>& x) {
        return heads.norms ? op.attention(x[0], x[1], x[2], in) : op.attention(x[0], {}, {}, in);
      },
      inputs, type);
}

}  // namespace

TEST_CASE("values and gradients, with shared prompts, groups of heads and norms") {
  at::manual_seed(1);
  for (const Heads& heads : {Heads{4, 2, 8, true}, Heads{4, 2, 8, false}, Heads{3, 3, 12, true},
                             Heads{4, 1, 16, false}}) {
    CAPTURE(heads.heads);
    CAPTURE(heads.norms);
    const std::int64_t width = (heads.heads + 2 * heads.kv_heads) * heads.head_dim;
    std::vector<at::Tensor> inputs = {at::randn({some_shape()->tokens(), width})};
    if (heads.norms)
      for (int i = 0; i < 2; ++i) inputs.push_back(at::randn({heads.head_dim}));
    const ValueGradient exact = attention_of(kTorch, heads, inputs, at::kDouble);
    check_close(attention_of(kKernels, heads, inputs, at::kFloat), exact);
    check_close(attention_of(DeviceOperators({}), heads, inputs, at::kFloat), exact);
  }
}

// The first position sees itself alone: its output is its own value.
TEST_CASE("attention is causal") {
  at::manual_seed(2);
  const Heads heads{2, 2, 4, false};
  const at::Tensor qkv = at::randn({some_shape()->tokens(), 24});
  at::Tensor other = qkv.clone();
  other.narrow(0, 3, 1).add_(1.0);  // the fourth token of the first prompt
  const auto run = [&](const at::Tensor& x) {
    return attention_of(kKernels, heads, {x}, at::kFloat).value;
  };
  const at::Tensor before = run(qkv), after = run(other);
  CHECK(distance(before[0], qkv[0].narrow(0, 16, 8).to(at::kDouble)) < 1e-6);
  CHECK(at::equal(before.narrow(0, 0, 3), after.narrow(0, 0, 3)));
  CHECK_FALSE(at::equal(before[3], after[3]));
  CHECK_FALSE(at::equal(before[5], after[5]));  // a completion sees its prompt
  const std::int64_t lone = some_shape()->start(4);
  CHECK(at::equal(before.slice(0, lone), after.slice(0, lone)));
}
