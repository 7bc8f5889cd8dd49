// A part of the graph that the backward pass computes again: the same gradients, with less memory
// held meanwhile.

#include "core/transformer/recompute.h"

#include <c10/core/CPUAllocator.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cstdlib>
#include <cstring>

#include "core/model/packed_weights.h"
#include "core/transformer/kernel_operators.h"
#include "core/transformer/transformer.h"
#include "support/packed_batch.h"
#include "support/trained_adapter.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/recompute");

namespace {

using at::Tensor;

const KernelOperators kKernels;

// Counts the bytes of LibTorch's tensors while it lives.
class CountingAllocator : public c10::Allocator {
 public:
  CountingAllocator() : before_(c10::GetCPUAllocator()) {
    live = 0;
    c10::SetCPUAllocator(this, 255);
  }
  ~CountingAllocator() override { c10::SetCPUAllocator(before_, 255); }

  at::DataPtr allocate(std::size_t bytes) override {
    auto* block = static_cast<char*>(std::aligned_alloc(64, (bytes + 127) / 64 * 64));
    std::memcpy(block, &bytes, sizeof bytes);
    live += static_cast<std::int64_t>(bytes);
    return {block + 64, block, &release, at::Device(at::kCPU)};
  }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }

  static std::int64_t live;

 private:
  static void release(void* block) {
    std::size_t bytes = 0;
    std::memcpy(&bytes, block, sizeof bytes);
    live -= static_cast<std::int64_t>(bytes);
    std::free(block);
  }

  c10::Allocator* before_;
};
std::int64_t CountingAllocator::live = 0;

}  // namespace

TEST_CASE("the same value and gradients, of the input and of leaves inside") {
  at::manual_seed(1);
  const at::Tensor x0 = at::randn({4, 3}), w0 = at::randn({3, 3});
  std::vector<at::Tensor> results[2];
  for (const bool again : {false, true}) {
    at::Tensor x = x0.clone().set_requires_grad(true), w = w0.clone().set_requires_grad(true);
    const auto work = [&w](const at::Tensor& in) { return at::tanh(at::mm(in, w)); };
    const at::Tensor y = again ? recomputed(work, x) : work(x);
    torch::autograd::backward({(y * y).sum()}, {});
    results[again] = {y.detach(), x.grad(), w.grad()};
  }
  for (std::size_t i = 0; i < 3; ++i) CHECK(at::equal(results[0][i], results[1][i]));
}

TEST_CASE("the work runs once forward and once backward; without gradients once") {
  int calls = 0;
  const auto work = [&](const at::Tensor& in) {
    ++calls;
    return in * 2;
  };
  const at::Tensor y = recomputed(work, at::ones({2}).set_requires_grad(true));
  CHECK(calls == 1);
  torch::autograd::backward({y.sum()}, {});
  CHECK(calls == 2);
  const at::NoGradGuard no_grad;
  CHECK_FALSE(recomputed(work, at::ones({2})).requires_grad());
  CHECK(calls == 3);
}

TEST_CASE("leaves inside get their gradient though the input needs none") {
  at::Tensor w = at::ones({2}).set_requires_grad(true);
  const at::Tensor y = recomputed([&](const at::Tensor& in) { return in * w; }, at::ones({2}));
  torch::autograd::backward({y.sum()}, {});
  CHECK(at::equal(w.grad(), at::ones({2})));
}

TEST_CASE("layers that are computed once more give the same gradients bit for bit") {
  for (const char* name : {"qwen2_tied", "qwen3_untied"}) {
    for (const bool own_products : {false, true}) {
      for (const bool adapted : {false, true}) {
        CAPTURE(name);
        CAPTURE(own_products);
        CAPTURE(adapted);
        Model model = golden_model(name);
        Adapter adapter(model, {4, 6, {"v", "down"}, ""}, 3);
        train_a_little(adapter, 5);
        adapter.merge(model);
        PackedWeights weights(model, false);
        weights.pack(0, 1);
        const auto gradient = [&](bool recompute) {
          Transformer t(model, kKernels,
                        {.packed = own_products ? &weights : nullptr,
                         .adapter = adapted ? &adapter : nullptr,
                         .recompute = recompute});
          for (const std::vector<std::int64_t>& lengths :
               {std::vector<std::int64_t>{20, 60}, {7}}) {
            const Packed batch = packed(lengths, model.config.vocab, 7);
            torch::autograd::backward(
                {loss_of(t.distribution(t.hidden(batch.ids, batch.shape), batch.targets, 0.8))},
                {});
          }
          return t.flat_gradient().clone();
        };
        const Tensor kept = gradient(false);
        CHECK(kept.abs().max().item<double>() > 0);
        CHECK(at::equal(gradient(true), kept));
      }
    }
  }
}

TEST_CASE("layers that are computed once more keep their input alone") {
  ModelConfig c = preset_config("tiny");
  c.layers = 12;
  c.vocab = 64;
  Model model(c);
  initialize(model, 1);
  PackedWeights weights(model, false);
  weights.pack(0, 1);
  const std::int64_t tokens = 256;
  const Packed batch = packed({tokens}, c.vocab, 7);
  const auto kept_bytes = [&](bool recompute) {
    Transformer t(model, kKernels, {.packed = &weights, .recompute = recompute});
    CountingAllocator counting;
    const Tensor out = t.hidden(batch.ids, batch.shape);
    return CountingAllocator::live;
  };
  const std::int64_t whole = kept_bytes(false), less = kept_bytes(true),
                     inputs = (c.layers + 2) * tokens * c.width * 4;
  MESSAGE("bytes kept for the backward pass: " << whole << ", with recompute " << less);
  CHECK(less <= inputs + 4096);
  CHECK(whole > 4 * less);
}
