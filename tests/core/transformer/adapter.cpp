// Low-rank adapters: gradients as those of the formula in double precision, a base that never
// changes, files of PEFT.

#include "core/model/adapter.h"

#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/kernels/kernels.h"
#include "core/model/folder.h"
#include "core/model/packed_weights.h"
#include "core/model/rope.h"
#include "core/model/safetensors.h"
#include "core/optimizer/optimizer.h"
#include "core/transformer/kernel_operators.h"
#include "core/transformer/torch_operators.h"
#include "core/transformer/transformer.h"
#include "support/golden.h"
#include "support/kernels_in_use.h"
#include "support/packed_batch.h"
#include "support/poison.h"
#include "support/temporary.h"
#include "support/trained_adapter.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/adapter");

namespace {

using at::Tensor;

const KernelOperators kKernels;
const TorchOperators kTorch;

const std::vector<std::string> kAll = {"q", "k", "v", "o", "gate", "up", "down"};

// The model with its adapter beside it, y = x W^T + s (x A^T) B^T, in double precision and plain
// LibTorch: what the merged model is held against.
class AppliedAdapter {
 public:
  AppliedAdapter(const Model& base, const Adapter& adapter) : base_(base) {
    for (const AdaptedMatrix& m : adapter.matrices()) {
      const std::int64_t rank = adapter.options().rank;
      const auto leaf = [&](std::int64_t offset, std::int64_t rows, std::int64_t columns) {
        return at::from_blob(const_cast<float*>(adapter.values()) + offset, {rows, columns},
                             at::kFloat)
            .to(at::kDouble)
            .set_requires_grad(true);
      };
      factors_.push_back({m.weight, m.rows, leaf(m.a, rank, m.columns), leaf(m.b, m.rows, rank),
                          adapter.options().scale()});
    }
  }

  TokenDistribution distribution(const Packed& batch) const {
    const ModelConfig& c = base_.config;
    auto rope = std::make_shared<RopeTable>(c);
    rope->ensure(batch.shape->longest());
    const AttentionInput input = kTorch.attention_input(c, batch.shape, rope);
    Tensor x = at::embedding(weight(base_.layout.embedding(), {c.vocab, c.width}), batch.ids);
    for (std::int64_t i = 0; i < c.layers; ++i) {
      const LayerOffsets& at = base_.layout.layer(static_cast<std::size_t>(i));
      const auto norm = [&](const Tensor& from, std::int64_t offset) {
        return kTorch.rms_norm(from, weight(offset, {c.width}), c.norm_eps);
      };
      const Tensor qkv = product(norm(x, at.input_norm), at.qkv, c.q_width() + 2 * c.kv_width(),
                                 c.width, at.qkv_bias);
      const Tensor attended = kTorch.attention(qkv, weight(at.q_norm, {c.head_dim}),
                                               weight(at.k_norm, {c.head_dim}), input);
      x = x + product(attended, at.output, c.width, c.q_width(), -1);
      const Tensor gate_up = product(norm(x, at.post_norm), at.gate_up, 2 * c.mlp, c.width, -1);
      x = x + product(kTorch.swiglu(gate_up), at.down, c.width, c.mlp, -1);
    }
    const Tensor last =
        kTorch.rms_norm(x, weight(base_.layout.final_norm(), {c.width}), c.norm_eps);
    const LinearWeight head{.weight = weight(base_.layout.head(), {c.vocab, c.width}), .bias = {}};
    return kTorch.distribution(last, head, batch.targets, 0.8);
  }

  // Gradients of all factors, in the order of an adapter's values.
  Tensor gradient() const {
    std::vector<Tensor> parts;
    for (const Factors& f : factors_)
      for (const Tensor& t : {f.a, f.b}) parts.push_back(t.grad().flatten());
    return at::cat(parts);
  }

 private:
  struct Factors {
    std::int64_t weight, rows;
    Tensor a, b;
    double scale;
  };

  Tensor weight(std::int64_t offset, std::vector<std::int64_t> shape) const {
    if (offset < 0) return {};
    return at::from_blob(const_cast<float*>(base_.weights.data()) + offset, shape, at::kFloat)
        .to(at::kDouble);
  }

  Tensor product(const Tensor& x, std::int64_t offset, std::int64_t rows, std::int64_t columns,
                 std::int64_t bias) const {
    Tensor y = at::matmul(x, weight(offset, {rows, columns}).t());
    if (bias >= 0) y = y + weight(bias, {rows});
    std::vector<Tensor> parts;
    std::int64_t done = 0;
    for (const Factors& f : factors_) {
      const std::int64_t first = (f.weight - offset) / columns;
      if (f.weight < offset || first >= rows) continue;
      parts.push_back(y.narrow(1, done, first - done));
      parts.push_back(y.narrow(1, first, f.rows) +
                      f.scale * at::matmul(at::matmul(x, f.a.t()), f.b.t()));
      done = first + f.rows;
    }
    parts.push_back(y.narrow(1, done, rows - done));
    return at::cat(parts, 1);
  }

  const Model& base_;
  std::vector<Factors> factors_;
};

double distance(const Tensor& a, const Tensor& b) {
  return (a - b).abs().max().item<double>() / (1e-12 + b.abs().max().item<double>());
}

bool equal(const float* a, const float* b, std::int64_t floats) {
  return std::memcmp(a, b, static_cast<std::size_t>(floats) * 4) == 0;
}

bool equal(const Model& a, const Model& b) {
  return equal(a.weights.data(), b.weights.data(), a.weights.size());
}

}  // namespace

TEST_CASE(
    "log-probs and gradients are those of the formula, for every target, member of the family and "
    "product") {
  const KernelsKept kept;
  for (const fs::path& folder : golden_models()) {
    for (const std::vector<std::string>& targets :
         {kAll, std::vector<std::string>{"q", "v"}, {"o", "up"}, {"down"}}) {
      CAPTURE(folder.string());
      CAPTURE(targets.front());
      const Model base = load_model(folder);
      Model model = load_model(folder);
      Adapter adapter(base, {4, 6, targets, ""}, 3);
      train_a_little(adapter, 5);
      adapter.merge(model);
      const Packed batch = packed({1, 5, 20}, model.config.vocab, 7);
      const AppliedAdapter applied(base, adapter);
      const TokenDistribution expected = applied.distribution(batch);
      torch::autograd::backward({loss_of(expected)}, {});
      for (const bool own_products : {false, true}) {
        CAPTURE(own_products);
        use_kernels(kernels_for("f32"));
        PackedWeights weights(model, false);
        weights.pack(0, 1);
        Transformer transformer(model, kKernels,
                                {.packed = own_products ? &weights : nullptr, .adapter = &adapter});
        CHECK(transformer.flat_gradient().numel() == adapter.size());
        const TokenDistribution ours = transformer.distribution(
            transformer.hidden(batch.ids, batch.shape), batch.targets, 0.8);
        CHECK((ours.logp - expected.logp).abs().max().item<double>() < 1e-4);
        torch::autograd::backward({loss_of(ours)}, {});
        CHECK(distance(transformer.flat_gradient(), applied.gradient()) < 1e-4);
      }
    }
  }
}

//   W' = W + s B A:  dA = s B^T dW',  dB = s dW' A^T
TEST_CASE("gradients are those of all weights, taken through the product") {
  Model model = golden_model("qwen3_untied");
  Adapter adapter(model, {4, 6, kAll, ""}, 3);
  train_a_little(adapter, 5);
  adapter.merge(model);
  const Packed batch = packed({20, 40}, model.config.vocab, 7);
  Transformer whole(model, kKernels), adapted(model, kKernels, {.adapter = &adapter});
  for (Transformer* t : {&whole, &adapted})
    torch::autograd::backward(
        {loss_of(t->distribution(t->hidden(batch.ids, batch.shape), batch.targets, 0.8))}, {});
  for (const AdaptedMatrix& m : adapter.matrices()) {
    CAPTURE(m.name);
    const auto at = [](const Tensor& flat, std::int64_t offset, std::int64_t rows,
                       std::int64_t columns) {
      return flat.narrow(0, offset, rows * columns).view({rows, columns}).to(at::kDouble);
    };
    const Tensor values = adapted.flat(),
                 dw = at(whole.flat_gradient(), m.weight, m.rows, m.columns);
    CHECK(distance(at(adapted.flat_gradient(), m.a, 4, m.columns),
                   1.5 * at::mm(at(values, m.b, m.rows, 4).t(), dw)) < 1e-4);
    CHECK(distance(at(adapted.flat_gradient(), m.b, m.rows, 4),
                   1.5 * at::mm(dw, at(values, m.a, 4, m.columns).t())) < 1e-4);
  }
}

TEST_CASE(
    "a new adapter changes nothing, has the moments PEFT draws, and depends on the seed alone") {
  const Model base = golden_model();
  Model model = golden_model();
  const Adapter adapter(model, {8, 16, kAll, ""}, 11), same(model, {8, 16, kAll, ""}, 11),
      other(model, {8, 16, kAll, ""}, 12);
  adapter.merge(model);
  CHECK(equal(model, base));
  CHECK(equal(adapter.values(), same.values(), adapter.size()));
  CHECK_FALSE(equal(adapter.values(), other.values(), adapter.size()));
  for (const AdaptedMatrix& m : adapter.matrices()) {
    const Tensor a =
        at::from_blob(const_cast<float*>(adapter.values()) + m.a, {8 * m.columns}, at::kFloat);
    const double bound = 1.0 / std::sqrt(static_cast<double>(m.columns));
    CHECK(a.abs().max().item<double>() <= bound);
    CHECK(a.var().item<double>() == doctest::Approx(bound * bound / 3).epsilon(0.25).scale(0));
  }
}

// The critic's way: its head learns with the adapter, and everything else is what the policy's
// adapter shares.
TEST_CASE(
    "an adapter of an auxiliary model begins as the policy's, learns with its head, and comes back "
    "from "
    "its folder") {
  const TemporaryFolder folder;
  Model policy = golden_model("qwen3_untied");
  Adapter of(policy, {4, 6, kAll, ""}, 3);
  train_a_little(of, 5);
  of.merge(policy);
  Model critic = auxiliary_model_of(policy, /*value_head=*/true);
  const Model begun = auxiliary_model_of(policy, true);
  Adapter adapter(of, critic);
  const std::int64_t width = critic.config.width, common = of.size();
  CHECK(adapter.size() == common + width + 1);
  CHECK(adapter.head() == common);
  CHECK(equal(adapter.values(), of.values(), common));
  adapter.merge(critic);
  CHECK(equal(critic, begun));

  for (std::int64_t i = 0; i <= width; ++i)
    adapter.values()[common + i] = 0.1f * static_cast<float>(i % 5 - 2);
  adapter.merge(critic);
  CHECK_FALSE(equal(critic, begun));
  const Packed batch = packed({20, 40}, critic.config.vocab, 7);
  Transformer whole(critic, kKernels), adapted(critic, kKernels, {.adapter = &adapter});
  std::vector<double> losses;
  for (Transformer* t : {&whole, &adapted}) {
    const Tensor loss =
        (t->values(t->hidden(batch.ids, batch.shape)) * at::linspace(-1, 2, 60)).sum();
    losses.push_back(loss.item<double>());
    torch::autograd::backward({loss}, {});
  }
  CHECK(losses[0] == losses[1]);
  const auto at = [](const Tensor& flat, std::int64_t offset, std::int64_t rows,
                     std::int64_t columns) {
    return flat.narrow(0, offset, rows * columns).view({rows, columns}).to(at::kDouble);
  };
  CHECK(distance(at(adapted.flat_gradient(), adapter.head(), 1, width + 1),
                 at(whole.flat_gradient(), critic.layout.head(), 1, width + 1)) < 1e-6);
  for (const AdaptedMatrix& m : adapter.matrices()) {
    const Tensor dw = at(whole.flat_gradient(), m.weight, m.rows, m.columns),
                 b = at(adapted.flat(), m.b, m.rows, 4);
    CHECK(distance(at(adapted.flat_gradient(), m.a, 4, m.columns), 1.5 * at::mm(b.t(), dw)) < 1e-4);
  }

  TrainedWeights trained(critic, &adapter);
  Optimizer optimizer(trained, {});
  optimizer.step({adapted.flat_gradient()}, UpdateRule::adamw, 1e-2, 0);
  CHECK_FALSE(equal(adapter.values() + common, of.values(), 1));
  adapter.save(folder.path());
  Model again = auxiliary_model_of(policy, true);
  Adapter read(of, again);
  read.load(folder.path());
  read.merge(again);
  CHECK(equal(again, critic));
  CHECK_THROWS_AS(of.load(folder.path()), Error);
  of.save(folder.path());
  CHECK_THROWS_AS(read.load(folder.path()), Error);
  read.begin_as(of);
  read.merge(again);
  CHECK(equal(again, begun));
}

TEST_CASE("updates leave the base as it was, bit for bit, and touch nothing but what is adapted") {
  const Model base = golden_model();
  Model model = golden_model();
  Adapter adapter(model, {2, 4, {"q", "down"}, ""}, 1);
  TrainedWeights weights(model, &adapter);
  Optimizer optimizer(weights, {.weight_decay = 0.1, .threads = 2});
  at::manual_seed(2);
  for (int i = 0; i < 50; ++i) {
    optimizer.step({at::randn({adapter.size()})}, UpdateRule::adamw, 1e-3, 1.0);
  }
  CHECK(optimizer.moments().tensors().at("first_moment").elements() == adapter.size());
  std::int64_t changed = 0;
  for (const ParameterSlot& slot : model.layout.slots()) {
    const bool adapted =
        slot.name.ends_with("q_proj.weight") || slot.name.ends_with("down_proj.weight");
    CAPTURE(slot.name);
    CHECK(equal(model.weights.data() + slot.offset, base.weights.data() + slot.offset, slot.size) !=
          adapted);
    changed += adapted ? 1 : 0;
  }
  CHECK(changed == 4);
  Model again = golden_model();
  adapter.merge(again, 0, 2);
  adapter.merge(again, 1, 2);
  CHECK(equal(
      again,
      model));  // what an optimizer leaves in the model is a function of base and adapter alone
  adapter.unmerge(model);
  CHECK(equal(model, base));
}

TEST_CASE("a base of bf16 numbers is kept in two bytes each, and merges to the same bits") {
  Model model = golden_model();
  std::int64_t adapted = 0;
  for (std::int64_t i = 0; i < model.weights.size(); ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, model.weights.data() + i, 4);
    bits &= 0xFFFF0000u;
    std::memcpy(model.weights.data() + i, &bits, 4);
  }
  Model base = golden_model(), other = golden_model();
  for (Model* copy : {&base, &other})
    std::copy_n(model.weights.data(), model.weights.size(), copy->weights.data());
  float& one = other.weights.data()[other.layout.layer(0).down];
  one = std::nextafter(one, 2.0f);  // f32 alone can hold it
  Adapter small(model, {4, 6, kAll, ""}, 3), large(other, {4, 6, kAll, ""}, 3);
  for (const AdaptedMatrix& m : small.matrices()) adapted += m.rows * m.columns;
  CHECK(small.base_bytes() == 2 * adapted);
  CHECK(large.base_bytes() == 4 * adapted);
  for (Adapter* adapter : {&small, &large}) train_a_little(*adapter, 5);
  small.merge(model);
  large.merge(other);
  CHECK_FALSE(equal(model, base));
  other.weights.data()[other.layout.layer(0).down] =
      model.weights.data()[model.layout.layer(0).down];
  CHECK(equal(model, other));
  small.unmerge(model);
  CHECK(equal(model, base));
}

TEST_CASE("an adapter comes back from its folder, and merges into the same model") {
  const TemporaryFolder folder;
  Model model = golden_model();
  Adapter adapter(model, {4, 6, {"k", "o", "gate"}, "some/base"}, 3);
  train_a_little(adapter, 5);
  adapter.save(folder.path());
  const Json config = parse_json(read_file(folder / "adapter_config.json"), "config");
  CHECK(config["peft_type"] == "LORA");
  CHECK(config["r"] == 4);
  CHECK(config["lora_alpha"] == 6);
  CHECK(config["base_model_name_or_path"] == "some/base");
  CHECK(config["target_modules"] == Json{"k_proj", "o_proj", "gate_proj"});
  const SafetensorsFile file(folder / "adapter_model.safetensors");
  CHECK(file.tensors().size() == 2 * 3 * 2);
  CHECK(file.tensors().at("base_model.model.model.layers.1.mlp.gate_proj.lora_A.weight").shape ==
        std::vector<std::int64_t>{4, 64});
  CHECK(file.tensors().at("base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight").shape ==
        std::vector<std::int64_t>{32, 4});

  Adapter read(model, {4, 6, {"k", "o", "gate"}, ""}, 99);
  read.load(folder.path());
  CHECK(equal(read.values(), adapter.values(), adapter.size()));
  Model merged = golden_model();
  adapter.merge(model);
  merge_adapter(merged, folder.path());
  CHECK(equal(merged, model));
}

TEST_CASE("an adapter that does not fit is refused by what is wrong with it") {
  const TemporaryFolder folder;
  Model model = golden_model();
  Adapter adapter(model, {4, 6, {"q"}, ""}, 3);
  const auto written = [&](const char* name, const Json& value) {
    adapter.save(folder.path());
    Json config = parse_json(read_file(folder / "adapter_config.json"), "config");
    config[name] = value;
    write_file_synced(folder / "adapter_config.json", config.dump());
  };
  const struct {
    const char* name;
    Json value;
    std::string error;
  } cases[] = {{"peft_type", "IA3", "not an adapter of type LORA"},
               {"use_dora", true, "use_dora is not supported"},
               {"rank_pattern", {{"q_proj", 2}}, "rank_pattern is not supported"},
               {"modules_to_save", {"lm_head"}, "modules_to_save is not supported"},
               {"bias", "all", "biases"},
               {"bias", {{"all", 3}}, "biases"},
               {"peft_type", 3, "not an adapter of type LORA"},
               {"r", -1, "damaged: r"},
               {"init_lora_weights", "pissa", "init_lora_weights \"pissa\" is not supported"},
               {"r", "four", "damaged: r"},
               {"lora_alpha", nullptr, "damaged: lora_alpha"},
               {"r", 3, "has shape [4, 64], expected [3, 64]"}};
  for (const auto& c : cases) {
    CAPTURE(c.error);
    written(c.name, c.value);
    CHECK_THROWS_WITH_AS(merge_adapter(model, folder.path()), doctest::Contains(c.error.c_str()),
                         Error);
  }
  written("use_rslora", true);
  Model by_root = golden_model(), expected = golden_model();
  merge_adapter(by_root, folder.path());  // B is 0: nothing changes, but it is read
  CHECK(equal(by_root, expected));
  Adapter wider(model, {8, 6, {"q"}, ""}, 3), scaled(model, {4, 12, {"q"}, ""}, 3),
      others(model, {4, 6, {"q", "v"}, ""}, 3);
  adapter.save(folder.path());
  CHECK_THROWS_WITH_AS(wider.load(folder.path()),
                       doctest::Contains("rank 4 and scale 1.5, expected rank 8"), Error);
  CHECK_THROWS_WITH_AS(scaled.load(folder.path()),
                       doctest::Contains("scale 1.5, expected rank 4 and scale 3"), Error);
  CHECK_THROWS_WITH_AS(others.load(folder.path()), doctest::Contains("holds 4 tensors, expected 8"),
                       Error);
  Model smaller(preset_config("tiny"));
  CHECK_THROWS_AS(merge_adapter(smaller, folder.path()), Error);
  const std::string name = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
  poison(folder / "adapter_model.safetensors", name, 5, std::nanf(""));
  const std::string found =
      "adapter_model.safetensors: tensor \"" + name + "\" holds NaN at [0, 5]";
  CHECK_THROWS_WITH_AS(merge_adapter(model, folder.path()), doctest::Contains(found.c_str()),
                       Error);
  CHECK_THROWS_WITH_AS(adapter.load(folder.path()), doctest::Contains(found.c_str()), Error);
  fs::remove(folder / "adapter_config.json");
  CHECK_THROWS_WITH_AS(merge_adapter(model, folder.path()),
                       doctest::Contains("has no adapter_config.json"), Error);
  CHECK_THROWS_WITH_AS(Adapter(model, {33, 6, kAll, ""}, 1),
                       doctest::Contains("a matrix of 32 x 64"), Error);
}
