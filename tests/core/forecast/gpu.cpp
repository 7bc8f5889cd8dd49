// The forecast for a GPU against numbers by hand, and what must hold whatever the numbers are.

#include "core/forecast/gpu.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/small_run.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/forecast/gpu");

namespace {

RunShape with(RunShape run, std::int64_t micro_batch, bool recompute = false) {
  run.experiment.train.micro_batch = micro_batch;
  run.experiment.train.recompute = recompute;
  return run;
}

}  // namespace

TEST_CASE("a GPU is one of a few names, or gigabytes of memory") {
  CHECK(gpu_from_name("h100").bytes == 80e9);
  CHECK(gpu_from_name("4090").flops == 165.2e12);
  const Gpu sized = gpu_from_name("24");
  CHECK(sized.name == "24 GB");
  CHECK(sized.bytes == 24e9);
  CHECK(sized.flops == 0);
  for (const char* name : {"h900", "", "-3", "0", "1e9"})
    CHECK_THROWS_WITH_AS(gpu_from_name(name), doctest::Contains("no GPU"), Error);
}

TEST_CASE("weights are six bytes each, gradients four, and caches hold both kinds of tokens") {
  const OpenedRun run = small_run({}, {.weights = false});
  const RunShape shape = shape_of(run);
  const double weights = shape.model->layout.size();
  const GpuMemory m = gpu_memory(shape);
  CHECK(m.weights == 6 * weights);
  CHECK(m.gradients == 4 * weights);
  CHECK(m.auxiliary_models == 0);
  // Keys and values in bf16 of 32 sequences of 24 tokens and of 32 prompts (of the evaluation), and
  // the logits in f32.
  const ModelConfig& c = shape.model->config;
  const double kv = 2 * 2 * c.layers * c.kv_width();
  CHECK(m.caches == kv * (32 * shape.longest_prompt + 32 * 24) + 32.0 * c.vocab * 4);
  CHECK(m.total() == m.weights + m.gradients + std::max(m.caches, m.activations) + m.program);
}

TEST_CASE("an adapter has small gradients, a critic weights of its own") {
  const OpenedRun run = small_run({}, {.weights = false});
  const OpenedRun ppo = small_run({"algorithm=ppo"}, {.weights = false});
  RunShape adapted = shape_of(run);
  adapted.set_lora_rank(2);
  const double weights = adapted.model->layout.size();
  CHECK(gpu_memory(adapted).gradients == 4.0 * adapted.adapter_values);
  CHECK(gpu_memory(adapted).weights == 6 * weights + 4.0 * adapted.adapter_values);
  CHECK(gpu_memory(shape_of(ppo)).auxiliary_models == 2 * 4 * weights);
}

TEST_CASE("the micro-batch is the largest power of two that fits, or the one that is set") {
  const OpenedRun run = small_run({}, {.weights = false});
  const RunShape shape = with(shape_of(run), 0);
  Gpu gpu;
  const auto needed = [&](std::int64_t tokens) { return gpu_memory(with(shape, tokens)).total(); };
  gpu.bytes = needed(2048);
  CHECK(gpu_micro_batch(shape, gpu) == 2048);
  gpu.bytes = needed(2048) - 1;
  CHECK(gpu_micro_batch(shape, gpu) == 1024);
  gpu.bytes = needed(kMostMicroBatch) * 100;
  CHECK(gpu_micro_batch(shape, gpu) == kMostMicroBatch);
  gpu.bytes = 1;
  CHECK(gpu_micro_batch(shape, gpu) == 0);
  CHECK(gpu_micro_batch(with(shape, 777), gpu) == 777);
}

TEST_CASE("time falls with the peaks, and recomputation costs a pass") {
  const OpenedRun run = small_run({"algorithm={use: grpo, kl: 0.1}"}, {.weights = false});
  const RunShape shape = shape_of(run);
  Gpu gpu = gpu_from_name("h100");
  const GpuTime slow = gpu_time(shape, gpu);
  gpu.flops *= 2;
  gpu.bandwidth *= 2;
  const GpuTime fast = gpu_time(shape, gpu);
  CHECK(fast.decode == doctest::Approx(slow.decode / 2));
  CHECK(fast.learn == doctest::Approx(slow.learn / 2));
  CHECK(fast.optimizer == slow.optimizer);              // in the computer's memory
  CHECK(slow.read == doctest::Approx(slow.learn / 3));  // forward, against forward and backward
  CHECK(gpu_time(with(shape, 1024, true), gpu_from_name("h100")).learn ==
        doctest::Approx(slow.learn * 4 / 3));
  CHECK(slow.step() == slow.decode + slow.prefill + slow.read + slow.learn + slow.optimizer);
}

TEST_CASE("remedies change settings, and each lets the run fit") {
  const OpenedRun run =
      small_run({"model={layers: 12, context: 4096}", "rollout={prompts: 32, max_tokens: 2000}"},
                {.weights = false});
  const RunShape shape = with(shape_of(run), 32768);
  const double needed = gpu_memory(shape).total();
  Gpu gpu;
  gpu.bytes = needed - 1;
  const auto remedies = gpu_remedies(shape, gpu);
  REQUIRE_FALSE(remedies.empty());
  for (const Remedy& remedy : remedies) {
    CAPTURE(remedy.settings);
    CHECK(remedy.bytes <= gpu.bytes);
    CHECK((remedy.settings.find("train.recompute=true") != std::string::npos ||
           remedy.settings.find("train.micro_batch=") != std::string::npos));
  }
  gpu.bytes = 1;
  CHECK(gpu_remedies(shape, gpu).empty());
}
