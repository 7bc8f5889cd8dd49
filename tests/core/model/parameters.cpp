// The layout of weights, and new ones.

#include "core/model/parameters.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "support/small_model.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/model/parameters");

namespace {

std::vector<std::string> names_of(const ParameterLayout& layout) {
  std::vector<std::string> names;
  for (const ParameterSlot& slot : layout.slots()) names.push_back(slot.name);
  return names;
}

const ParameterSlot& slot_of(const ParameterLayout& layout, const std::string& name) {
  const auto found = std::find_if(layout.slots().begin(), layout.slots().end(),
                                  [&](const ParameterSlot& slot) { return slot.name == name; });
  REQUIRE(found != layout.slots().end());
  return *found;
}

}  // namespace

TEST_CASE("weights follow each other without gaps, as many as the configuration counts") {
  for (const bool tied : {false, true}) {
    for (const bool qkv_bias : {false, true}) {
      for (const bool value_head : {false, true}) {
        const ModelConfig c = small_config(
            {.qkv_bias = qkv_bias, .qk_norm = !qkv_bias, .tied = tied, .value_head = value_head});
        const ParameterLayout layout(c);
        std::int64_t at = 0;
        for (const ParameterSlot& slot : layout.slots()) {
          CHECK(slot.offset == at);
          std::int64_t size = 1;
          for (const std::int64_t n : slot.shape) size *= n;
          CHECK(slot.size == size);
          at += slot.size;
        }
        CHECK(layout.size() == at);
        CHECK(c.parameters() == at);
      }
    }
  }
}

TEST_CASE("a layer has Hugging Face's names, with q, k, v adjacent and gate next to up") {
  const ModelConfig c = small_config({.layers = 1, .kv_heads = 2});
  const ParameterLayout layout(c);
  const std::string layer = "model.layers.0.";
  CHECK(names_of(layout) ==
        std::vector<std::string>{
            "model.embed_tokens.weight", layer + "input_layernorm.weight",
            layer + "self_attn.q_proj.weight", layer + "self_attn.k_proj.weight",
            layer + "self_attn.v_proj.weight", layer + "self_attn.q_norm.weight",
            layer + "self_attn.k_norm.weight", layer + "self_attn.o_proj.weight",
            layer + "post_attention_layernorm.weight", layer + "mlp.gate_proj.weight",
            layer + "mlp.up_proj.weight", layer + "mlp.down_proj.weight", "model.norm.weight"});
  CHECK(slot_of(layout, layer + "self_attn.k_proj.weight").shape ==
        std::vector<std::int64_t>{8, 16});
  CHECK(slot_of(layout, layer + "mlp.down_proj.weight").shape == std::vector<std::int64_t>{16, 24});
}

TEST_CASE("offsets of a layer lead to its weights; absent ones are -1") {
  const ParameterLayout layout(small_config({}));
  const LayerOffsets& at = layout.layer(1);
  const std::string layer = "model.layers.1.";
  CHECK(at.input_norm == slot_of(layout, layer + "input_layernorm.weight").offset);
  CHECK(at.qkv == slot_of(layout, layer + "self_attn.q_proj.weight").offset);
  CHECK(at.q_norm == slot_of(layout, layer + "self_attn.q_norm.weight").offset);
  CHECK(at.k_norm == slot_of(layout, layer + "self_attn.k_norm.weight").offset);
  CHECK(at.output == slot_of(layout, layer + "self_attn.o_proj.weight").offset);
  CHECK(at.post_norm == slot_of(layout, layer + "post_attention_layernorm.weight").offset);
  CHECK(at.gate_up == slot_of(layout, layer + "mlp.gate_proj.weight").offset);
  CHECK(at.down == slot_of(layout, layer + "mlp.down_proj.weight").offset);
  CHECK(at.qkv_bias == -1);
  CHECK(layout.final_norm() == slot_of(layout, "model.norm.weight").offset);
  const ParameterLayout biased(small_config({.qkv_bias = true, .qk_norm = false}));
  CHECK(biased.layer(0).qkv_bias == slot_of(biased, "model.layers.0.self_attn.q_proj.bias").offset);
  CHECK(biased.layer(0).q_norm == -1);
  CHECK(biased.layer(0).k_norm == -1);
}

TEST_CASE("the head is the embedding, weights of its own, or one value with its bias") {
  CHECK(ParameterLayout(small_config({})).head() == 0);
  const ParameterLayout untied(small_config({.tied = false}));
  CHECK(untied.head() == slot_of(untied, "lm_head.weight").offset);
  const ParameterLayout value(small_config({.value_head = true}));
  CHECK(value.head() == slot_of(value, "score.weight").offset);
  CHECK(slot_of(value, "score.bias").offset == value.head() + 16);
}

TEST_CASE("a buffer is aligned and begins with zeros") {
  for (const std::int64_t size : {0, 1, 100, 600'000}) {  // the last one in huge pages
    const FloatBuffer buffer(size);
    CHECK(buffer.size() == size);
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
    CHECK(std::all_of(buffer.data(), buffer.data() + size, [](float x) { return x == 0.0f; }));
  }
  CHECK(FloatBuffer().size() == 0);
  CHECK(FloatBuffer::uninitialized(7).size() == 7);
}

TEST_CASE("initial weights: norms are 1, biases 0, equal seeds give equal matrices") {
  const SmallModel shape{.qkv_bias = true};
  const Model a = random_model(shape);
  CHECK(same_weights(a, random_model(shape)));
  CHECK_FALSE(same_weights(a, random_model({.qkv_bias = true, .seed = 2})));
  for (const ParameterSlot& slot : a.layout.slots()) {
    if (slot.shape.size() > 1) continue;
    const float expected = slot.name.ends_with(".bias") ? 0.0f : 1.0f;
    const float* w = a.weights.data() + slot.offset;
    CHECK(std::all_of(w, w + slot.size, [&](float x) { return x == expected; }));
  }
}

TEST_CASE(
    "matrices have deviation 0.02; those back into the residual stream less, by √(2 layers)") {
  const Model model = random_model({.layers = 8, .width = 64, .mlp = 96, .vocab = 200});
  for (const ParameterSlot& slot : model.layout.slots()) {
    if (slot.shape.size() == 1 || slot.size < 1000) continue;
    double sum = 0;
    double squares = 0;
    for (std::int64_t i = 0; i < slot.size; ++i) {
      const double w = model.weights.data()[slot.offset + i];
      sum += w;
      squares += w * w;
    }
    const bool back =
        slot.name.ends_with("o_proj.weight") || slot.name.ends_with("down_proj.weight");
    CAPTURE(slot.name);
    const double n = slot.size;
    const double expected = back ? 0.02 / 4 : 0.02;
    CHECK(std::abs(std::sqrt(squares / n) / expected - 1.0) < 0.08);
    CHECK(std::abs(sum / n) < 5 * 0.02 / std::sqrt(n));
  }
}

TEST_CASE("an auxiliary model has the policy's weights, and a value head of zeros if wanted") {
  Model policy = random_model({.eos = {3}});
  FolderFiles files;
  files.texts["LICENSE"] = "do good";
  policy.companions = std::make_shared<const FolderFiles>(files);
  const Model copy = auxiliary_model_of(policy, false);
  CHECK(same_weights(copy, policy));
  CHECK(copy.companions == policy.companions);
  const Model critic = auxiliary_model_of(policy, true);
  CHECK(critic.config.value_head);
  CHECK(critic.config.eos == policy.config.eos);
  CHECK(critic.layout.size() == policy.layout.size() + 17);
  CHECK(std::equal(policy.weights.data(), policy.weights.data() + policy.layout.size(),
                   critic.weights.data()));
  const float* head = critic.weights.data() + critic.layout.head();
  CHECK(std::all_of(head, head + 17, [](float x) { return x == 0.0f; }));
}
