// Drawing tokens on a CUDA device, held against the same rule on the host. Skipped, visibly, where there is no device.

#include "core/rollout/cuda/sampling.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include "core/rollout/sampler.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/cuda_sampling");

TEST_CASE("a device draws the tokens of the rule") {
  if (!at::hasCUDA() || cuda_description().starts_with("built, no device") || cuda_description() == "not built") {
    MESSAGE("no CUDA device: " << cuda_description());
    return;
  }
  constexpr std::int64_t kRows = 512, kVocab = 4096;
  const at::Tensor logits = at::linspace(-3, 3, kRows * kVocab).view({kVocab, kRows}).t().contiguous().add(0.0).sin() * 4.0;  // (rows, V)
  const at::Tensor streams = at::arange(kRows) * 7919, indices = at::arange(kRows);
  const auto device = [](const at::Tensor& t) { return t.to(at::kCUDA); };
  const at::Tensor l = device(logits), s = device(streams), i = device(indices), ids = device(at::zeros({kRows}, at::kInt)),
                   logp = device(at::zeros({kRows}));
  sample_rows({l.const_data_ptr<float>(), reinterpret_cast<const std::uint64_t*>(s.const_data_ptr<std::int64_t>()),
               reinterpret_cast<const std::uint64_t*>(i.const_data_ptr<std::int64_t>()), ids.mutable_data_ptr<std::int32_t>(),
               logp.mutable_data_ptr<float>(), kRows, kVocab, 1.0},
              nullptr);
  const at::Tensor expected = logits.to(at::kDouble).log_softmax(1), drawn = ids.cpu().to(at::kLong);  // (rows, V), (rows)
  CHECK((logp.cpu() - expected.gather(1, drawn.unsqueeze(1)).squeeze(1)).abs().max().item<double>() < 1e-4);
  int different = 0;
  for (std::int64_t r = 0; r < kRows; ++r) {
    const at::Tensor weights = expected[r].exp().to(at::kFloat).contiguous();
    const double u = uniform_at(static_cast<std::uint64_t>(streams[r].item<std::int64_t>()), static_cast<std::uint64_t>(r));
    const std::int64_t token = invert_cdf(weights.const_data_ptr<float>(), kVocab, 0.0, u * weights.sum(at::kDouble).item<double>());
    different += token == drawn[r].item<std::int64_t>() ? 0 : 1;
  }
  CHECK(different <= 2);  // rounding, where the threshold falls between two tokens
}
