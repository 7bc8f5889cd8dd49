// The trainer's forward and backward pass, held against plain LibTorch and against the decoder.

#include "core/transformer/transformer.h"

#include <ATen/Parallel.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/kernels/kernels.h"
#include "core/learn/packing.h"
#include "core/model/adapter.h"
#include "core/model/folder.h"
#include "core/model/packed_weights.h"
#include "core/rollout/cpu/engine.h"
#include "core/transformer/device_operators.h"
#include "core/transformer/kernel_operators.h"
#include "core/transformer/torch_operators.h"
#include "support/golden.h"
#include "support/packed_batch.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/transformer");

namespace {

const KernelOperators kKernels;
const TorchOperators kTorch;
const Operators* const kBoth[] = {&kTorch, &kKernels};

struct Pass {
  at::Tensor logp, entropy, gradient;
};

// Log-probs, entropies, and the gradient of an arbitrary mixture of both.
Pass run(Transformer& transformer, const Packed& batch) {
  const auto out =
      transformer.distribution(transformer.hidden(batch.ids, batch.shape), batch.targets, 0.8);
  const std::int64_t n = batch.ids.size(0);
  torch::autograd::backward(
      {(out.logp * at::linspace(-1, 2, n)).sum() + (out.entropy * at::linspace(3, 1, n)).sum()},
      {});
  return {out.logp.detach(), out.entropy.detach(), transformer.flat_gradient().clone()};
}

Pass run(Model& model, const Packed& batch, const Operators& operators,
         const PackedWeights* weights = nullptr) {
  Transformer transformer(model, operators, {.packed = weights});
  return run(transformer, batch);
}

// Logits after each of the ids (T, V), from a head of our own.
at::Tensor logits(Model& model, Transformer& transformer, const std::vector<std::int64_t>& ids) {
  auto shape = std::make_shared<PackedShape>();
  shape->add(static_cast<std::int64_t>(ids.size()));
  const at::NoGradGuard guard;
  const ModelConfig& c = model.config;
  const at::Tensor head =
      transformer.flat().narrow(0, model.layout.head(), c.vocab * c.width).view({c.vocab, c.width});
  return at::matmul(transformer.hidden(at::tensor(ids), shape), head.t());
}

void check_close(const at::Tensor& a, const at::Tensor& b, double tolerance) {
  CHECK((a - b).abs().max().item<double>() <= tolerance * (1.0 + b.abs().max().item<double>()));
}

}  // namespace

// Numbers of transformers and of an independent float64 implementation; see
// tests/golden/hf/README.md.
TEST_CASE("golden logits, log-probs and greedy tokens, by plain LibTorch and by our operations") {
  REQUIRE_FALSE(golden_models().empty());
  for (const fs::path& folder : golden_models()) {
    Model model = load_model(folder);
    const Json golden = parse_json(read_file(folder / "golden" / "logits.json"), "logits.json");
    const Json greedy = parse_json(read_file(folder / "golden" / "greedy.json"), "greedy.json");
    const double abs_tolerance = golden["tolerance"]["abs"],
                 rel_tolerance = golden["tolerance"]["rel"];
    const auto excess =
        [&](const at::Tensor& got,
            const std::vector<double>& expected) {  // over the tolerance; at most 0 passes
          const at::Tensor e = at::tensor(expected, at::kDouble);
          REQUIRE(got.numel() == e.numel());
          return ((got.to(at::kDouble) - e).abs() - rel_tolerance * e.abs()).max().item<double>() -
                 abs_tolerance;
        };
    for (const Operators* operators : kBoth) {
      CAPTURE(folder.string());
      CAPTURE(operators == &kTorch);
      Transformer transformer(model, *operators, {.frozen = true});
      for (const Json& prompt : golden["prompts"]) {
        CAPTURE(prompt["name"].get<std::string>());
        std::vector<std::int64_t> ids = prompt["ids"];
        const std::vector<std::int64_t> continuation = prompt["continuation"];
        const auto first = static_cast<std::int64_t>(ids.size()) - 1,
                   count = static_cast<std::int64_t>(continuation.size());
        ids.insert(ids.end(), continuation.begin(), continuation.end());
        const at::Tensor all = logits(model, transformer, ids);
        CHECK(excess(all[first], prompt["last_logits_float64"]) <= 0);
        const at::Tensor logp = all.narrow(0, first, count)
                                    .log_softmax(1)
                                    .gather(1, at::tensor(continuation).unsqueeze(1))
                                    .squeeze(1);
        CHECK(excess(logp, prompt["continuation_logprobs_float64"]) <= 0);
      }
      for (const Json& prompt :
           greedy["prompts"]) {  // all tokens at once: each follows from those before it
        std::vector<std::int64_t> ids = prompt["ids"];
        const std::vector<std::int64_t> tokens = prompt["tokens"];
        const auto first = static_cast<std::int64_t>(ids.size()) - 1,
                   count = static_cast<std::int64_t>(tokens.size());
        ids.insert(ids.end(), tokens.begin(), tokens.end());
        CHECK(at::equal(logits(model, transformer, ids).narrow(0, first, count).argmax(1),
                        at::tensor(tokens)));
      }
    }
  }
}

TEST_CASE(
    "our operations equal plain LibTorch's, value and gradient, on every member of the family") {
  for (const fs::path& folder : golden_models()) {
    CAPTURE(folder.string());
    Model model = load_model(folder);
    const Packed batch = packed({1, 7, 33, 2, 90}, model.config.vocab);
    const Pass ours = run(model, batch, kKernels), plain = run(model, batch, kTorch);
    check_close(ours.logp, plain.logp, 1e-5);
    check_close(ours.entropy, plain.entropy, 1e-5);
    check_close(ours.gradient, plain.gradient, 2e-5);
  }
}

TEST_CASE("our products equal plain LibTorch's in f32, and stay near them in bf16") {
  const std::string before = kernels().name;
  for (const char* name : kernel_names()) {
    use_kernels(kernels(name));
    for (const fs::path& folder : golden_models()) {
      CAPTURE(folder.string());
      CAPTURE(name);
      Model model = load_model(folder);
      const Packed batch = packed({1, 7, 33, 2, 90, 300}, model.config.vocab);
      PackedWeights weights(model, false);
      for (const std::int64_t part : {0, 1, 2}) weights.pack(part, 3);
      const Pass ours = run(model, batch, kKernels, &weights), plain = run(model, batch, kTorch);
      const bool f32 = kernels().numbers_per_word == 1;
      check_close(ours.logp, plain.logp, f32 ? 1e-5 : 0.1);
      check_close(ours.entropy, plain.entropy, f32 ? 1e-5 : 0.1);
      check_close(ours.gradient, plain.gradient, f32 ? 5e-5 : 0.2);
      if (f32) continue;
      const double cosine =
          at::cosine_similarity(ours.gradient.to(at::kDouble), plain.gradient.to(at::kDouble), 0)
              .item<double>();
      CHECK(cosine > 0.99);
      CHECK(cosine < 1);
    }
  }
  use_kernels(kernels(before));
}

TEST_CASE("a copy on a device gives the gradient of an adapter, and stays near the model in bf16") {
  for (const fs::path& folder : golden_models()) {
    CAPTURE(folder.string());
    Model model = load_model(folder);
    const Packed batch = packed({1, 7, 33, 2, 90, 300}, model.config.vocab);
    const DeviceOperators bf16({.products = at::kBFloat16});
    const Pass exact = run(model, batch, kTorch), near = run(model, batch, bf16);
    check_close(near.logp, exact.logp, 0.1);
    CHECK(at::cosine_similarity(near.gradient.to(at::kDouble), exact.gradient.to(at::kDouble), 0)
              .item<double>() > 0.99);

    Adapter adapter(model, {4, 8, {"q", "v", "down"}, ""}, 5);
    Rng rng(6);
    for (std::int64_t i = 0; i < adapter.size(); ++i)
      adapter.values()[i] = static_cast<float>(0.1 * (2 * rng.uniform() - 1));
    const DeviceOperators device({});
    Transformer own(model, kKernels, {.adapter = &adapter});
    Transformer copy(model, device, {.adapter = &adapter});
    adapter.merge(model);
    copy.upload();
    const Pass ours = run(own, batch), theirs = run(copy, batch);
    check_close(theirs.logp, ours.logp, 1e-5);
    check_close(theirs.gradient, ours.gradient, 2e-5);
  }
}

TEST_CASE("completions behind shared prompt rows are as if each had its own") {
  for (const fs::path& folder : golden_models()) {
    CAPTURE(folder.string());
    Model model = load_model(folder);
    PackedWeights weights(model, false);
    weights.pack(0, 1);
    Rng rng(4);
    std::vector<Sequence> sequences;
    for (const std::int64_t prompt : {5, 30}) {
      Sequence start;
      start.prompt = prompt;
      for (std::int64_t t = 0; t < prompt; ++t)
        start.ids.push_back(static_cast<std::int32_t>(rng.between(0, model.config.vocab - 1)));
      for (const std::int64_t length : {3, 70, 1, 26}) {
        Sequence s = start;
        for (std::int64_t t = 0; t < length; ++t)
          s.ids.push_back(static_cast<std::int32_t>(rng.between(0, model.config.vocab - 1)));
        sequences.push_back(s);
      }
    }
    const auto pass = [&](const Operators& operators, bool together) {
      Transformer transformer(model, operators,
                              {.packed = &operators == &kKernels ? &weights : nullptr});
      std::vector<at::Tensor> logp;
      for (std::size_t i = 0; i < sequences.size(); i += together ? sequences.size() : 1) {
        std::vector<const Sequence*> chosen = {&sequences[i]};
        for (std::size_t k = 1; together && k < sequences.size(); ++k)
          chosen.push_back(&sequences[k]);
        const ModelInput input = pack_input(chosen);
        logp.push_back(
            transformer
                .distribution(
                    transformer.hidden(input.ids, input.shape).index_select(0, input.rows),
                    input.targets, 0.9)
                .logp);
        torch::autograd::backward({(logp.back() * logp.back()).sum()}, {});
      }
      return Pass{at::cat(logp).detach(), {}, transformer.flat_gradient().clone()};
    };
    const Pass apart = pass(kKernels, false);
    for (const Operators* operators : kBoth) {
      const Pass together = pass(*operators, true);
      check_close(together.logp, apart.logp, 1e-5);
      check_close(together.gradient, apart.gradient, 2e-5);
    }
  }
}

TEST_CASE("sequences packed together do not see each other") {
  Model model = load_model(golden_folder() / "hf" / "qwen3_untied");
  const Packed both = packed({20, 31}, model.config.vocab);
  const Pass together = run(model, both, kKernels);
  Transformer transformer(model, kKernels);
  auto shape = std::make_shared<PackedShape>();
  shape->add(31);
  const auto alone = transformer.distribution(transformer.hidden(both.ids.narrow(0, 20, 31), shape),
                                              both.targets.narrow(0, 20, 31), 0.8);
  check_close(alone.logp.detach(), together.logp.narrow(0, 20, 31), 1e-6);
}

TEST_CASE("the trainer's log-probs are the decoder's") {
  for (const fs::path& folder : golden_models()) {
    CAPTURE(folder.string());
    Model model = load_model(folder);
    const Packed batch = packed({60}, model.config.vocab);
    Transformer transformer(model, kKernels);
    const auto out =
        transformer.distribution(transformer.hidden(batch.ids, batch.shape).narrow(0, 0, 59),
                                 batch.ids.narrow(0, 1, 59), 0.7);
    std::vector<std::int32_t> ids;
    for (std::int64_t t = 0; t < 60; ++t) ids.push_back(batch.ids[t].item<std::int32_t>());
    CpuEngine engine(model, {});
    check_close(at::tensor(engine.score({ids}, 0.7).front()), out.logp.detach(), 2e-5);
  }
}

TEST_CASE("gradients do not depend on the number of threads") {
  Model model = load_model(golden_folder() / "hf" / "qwen2_tied");
  const Packed batch = packed({40, 41, 200, 3, 77}, model.config.vocab);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const Pass one = run(model, batch, kKernels);
  at::set_num_threads(2);
  const Pass two = run(model, batch, kKernels);
  at::set_num_threads(threads);
  check_close(one.gradient, two.gradient, 1e-6);
}

// at::parallel_for runs serially in files compiled without OpenMP, silently.
TEST_CASE("parallel_for is parallel") {
  at::set_num_threads(2);
  std::vector<int> thread(2, -1);
  at::parallel_for(0, 2, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      thread[static_cast<std::size_t>(i)] = at::get_thread_num();
  });
  CHECK(thread[0] != thread[1]);
}
