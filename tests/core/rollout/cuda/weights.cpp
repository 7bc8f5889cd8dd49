// A model's weights on a device: where each pointer leads, and in what numbers.

#include "core/rollout/cuda/weights.h"

#include <doctest/doctest.h>

#include "support/emulated_device.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/cuda/weights");

namespace {

struct Features {
  bool tied = true;
  bool bias = false;
};

Model small_model(const Features& features) {
  ModelConfig c = preset_config("tiny");
  c.layers = 2;
  c.width = c.mlp = 32;
  c.heads = c.kv_heads = 2;
  c.head_dim = 16;
  c.vocab = 40;
  c.tied = features.tied;
  c.qkv_bias = features.bias;
  Model model(c);
  for (std::int64_t i = 0; i < model.weights.size(); ++i)
    model.weights.data()[i] = static_cast<float>(i % 1021) / 8;
  return model;
}

}  // namespace

TEST_CASE("f32 weights are copied bit for bit to where the layers point") {
  const Model model = small_model({.tied = false, .bias = true});
  const UploadedWeights uploaded(std::make_shared<EmulatedDevice>(), model, Dtype::f32);
  const DeviceWeights& w = uploaded.get();
  const auto same = [&](const void* got, std::int64_t offset, std::int64_t count) {
    const auto* numbers = static_cast<const float*>(got);
    return std::equal(numbers, numbers + count, model.weights.data() + offset);
  };
  const ModelConfig& c = model.config;
  REQUIRE(w.layers.size() == 2);
  CHECK(same(w.embedding, model.layout.embedding(), c.vocab * c.width));
  CHECK(same(w.head, model.layout.head(), c.vocab * c.width));
  CHECK(same(w.final_norm, model.layout.final_norm(), c.width));
  for (std::int64_t i = 0; i < 2; ++i) {
    const LayerOffsets& at = model.layout.layer(i);
    CHECK(same(w.layers[i].qkv_bias, at.qkv_bias, c.q_width() + 2 * c.kv_width()));
    CHECK(same(w.layers[i].gate_up, at.gate_up, 2 * c.mlp * c.width));
    CHECK(same(w.layers[i].down, at.down, c.width * c.mlp));
  }
}

TEST_CASE("what a model does not have is null, and a tied head is the embedding") {
  const Model model = small_model({.tied = true, .bias = false});
  const UploadedWeights uploaded(std::make_shared<EmulatedDevice>(), model, Dtype::f32);
  CHECK(uploaded.get().head == uploaded.get().embedding);
  CHECK(uploaded.get().layers[0].qkv_bias == nullptr);
}

TEST_CASE("in bf16, matrices are rounded and vectors are not, and a refresh keeps the addresses") {
  Model model = small_model({});
  UploadedWeights uploaded(std::make_shared<EmulatedDevice>(), model, Dtype::bf16);
  const void* const before = uploaded.get().layers[1].down;
  const std::int64_t offset = model.layout.layer(1).down;
  model.weights.data()[offset] = 1.00390625f;  // halfway between two numbers of bf16: to even
  model.weights.data()[model.layout.final_norm()] = 1.00390625f;
  uploaded.refresh(model);
  CHECK(uploaded.get().layers[1].down == before);
  CHECK(widen(*static_cast<const Bf16*>(before)) == 1.0f);
  CHECK(*uploaded.get().final_norm == 1.00390625f);
}

TEST_CASE("a copy takes the bytes that were announced") {
  const Model model = small_model({});
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    const auto device = std::make_shared<EmulatedDevice>();
    const UploadedWeights uploaded(device, model, dtype);
    CHECK(device->used() == UploadedWeights::bytes(model, dtype));
  }
}
