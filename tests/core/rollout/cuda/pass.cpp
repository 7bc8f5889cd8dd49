// What a pass on a device can compute, and the memory it takes.

#include "core/rollout/cuda/pass.h"

#include <doctest/doctest.h>

#include "support/emulated_device.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/cuda/pass");

namespace {

ModelConfig config() {
  ModelConfig c = preset_config("tiny");
  c.layers = 1;
  c.width = c.mlp = 32;
  c.heads = c.kv_heads = 2;
  c.head_dim = 16;
  c.vocab = 40;
  c.context = 300;
  return c;
}

constexpr PassCapacity kCapacity{
    .rows = 32, .prompts = 4, .prompt_length = 64, .slots = 8, .slot_length = 64, .looks = 2};

}  // namespace

TEST_CASE("shapes that the kernels cannot compute are named") {
  ModelConfig c = config();
  CHECK(DevicePass::unsupported(c, Dtype::bf16).empty());
  c.head_dim = 12;
  CHECK(DevicePass::unsupported(c, Dtype::f32).empty());
  CHECK(DevicePass::unsupported(c, Dtype::bf16) ==
        "heads of 12 components, the kernels take multiples of 8 in bf16");
  c.head_dim = 512;
  CHECK(DevicePass::unsupported(c, Dtype::f32) ==
        "heads of 512 components, the kernels take 256 at most");
  c = config();
  c.mlp = 30;
  CHECK(DevicePass::unsupported(c, Dtype::f32) ==
        "an MLP of 30 components, the kernels take multiples of 4 in f32");
}

TEST_CASE("a capacity covers another if it is nowhere smaller") {
  CHECK(kCapacity.covers(kCapacity));
  for (const auto member :
       {&PassCapacity::rows, &PassCapacity::prompts, &PassCapacity::prompt_length,
        &PassCapacity::slots, &PassCapacity::slot_length, &PassCapacity::looks}) {
    PassCapacity larger = kCapacity;
    ++(larger.*member);
    CHECK(larger.covers(kCapacity));
    CHECK_FALSE(kCapacity.covers(larger));
  }
}

TEST_CASE("a pass takes the memory that was announced") {
  const ModelConfig c = config();
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    const auto device = std::make_shared<EmulatedDevice>();
    DeviceWeights weights;
    weights.dtype = dtype;
    const DevicePass pass(device, c, weights, kCapacity);
    const std::int64_t settings = sizeof(DrawSettings);  // a few bytes that are not counted
    CHECK(device->used() == DevicePass::bytes(c, dtype, kCapacity) + settings);
  }
  CHECK(DevicePass::bytes(c, Dtype::bf16, kCapacity) < DevicePass::bytes(c, Dtype::f32, kCapacity));
}

TEST_CASE("rows come back as they were set") {
  const ModelConfig c = config();
  const DeviceWeights weights;
  const DevicePass const_pass(std::make_shared<EmulatedDevice>(), c, weights, kCapacity);
  DevicePass pass(std::make_shared<EmulatedDevice>(), c, weights, kCapacity);
  std::vector<DeviceRow> rows(3);
  rows[1].token = 17;
  rows[2].stream = 1234567890123;
  pass.set_rows(rows);
  const auto back = pass.rows(3);
  CHECK(back[1].token == 17);
  CHECK(back[2].stream == 1234567890123);
  CHECK(const_pass.rows(1).front().slot == 0);  // new memory is all 0
}
