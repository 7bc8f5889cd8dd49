// Which engine decodes on a device, and why.

#include "core/transformer/device_choice.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/random_streams.h"
#include "core/rollout/cpu/engine.h"
#include "core/rollout/cuda/engine.h"
#include "support/emulated_device.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/device_choice");

namespace {

Model small_model(std::int64_t head_dim) {
  ModelConfig c = preset_config("tiny");
  c.layers = 2;
  c.width = 48;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_dim = head_dim;
  c.mlp = 56;
  c.vocab = 61;
  c.context = 200;
  Model model(c);
  initialize(model, 3);
  for (std::int64_t i = 0; i < model.weights.size(); ++i) model.weights.data()[i] *= 6.0f;
  return model;
}

}  // namespace

TEST_CASE("it decodes what the kernels of a device cannot, and says why") {
  const Model odd = small_model(12), even = small_model(16);
  const std::vector<Prompt> prompts = {{{1, 2, 3}, 2}};
  const Sampling sampling{12, 0.9, {7}, 11, RandomStream::rollout, 5};
  std::string said;
  const auto note = [&](const std::string& text) { said += text; };
  const auto device = std::make_shared<EmulatedDevice>();
  const auto fast = device_engine(device, even, Dtype::bf16, note);
  CHECK(said.empty());
  CHECK(dynamic_cast<DeviceEngine*>(fast.get()) != nullptr);
  const auto slow = device_engine(device, odd, Dtype::bf16, note);
  CHECK(said ==
        "decoding with LibTorch, slowly and in f32, for the model has heads of 12 components, the "
        "kernels take multiples of 8 in bf16");
  CpuEngine cpu(odd, {.threads = 1, .wave = 4, .kernels = "scalar"});
  CHECK(slow->generate(prompts, sampling).back().tokens ==
        cpu.generate(prompts, sampling).back().tokens);
}

TEST_CASE("CUDA where there is none is one clear error") {
  if (has_cuda_device()) return;
  const Model model = small_model(16);
  CHECK_THROWS_AS(cuda_engine(model, Dtype::f32, [](const std::string&) {}), Error);
}
