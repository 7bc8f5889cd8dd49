#include "core/bench/workload.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/model/folder.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

constexpr std::uint64_t kSeed = 1;

double matrix_weights(const ModelConfig& c) {
  return static_cast<double>(c.layers) * static_cast<double>(c.width) *
         static_cast<double>(2 * c.q_width() + 2 * c.kv_width() + 3 * c.mlp);
}

double head_weights(const ModelConfig& c) {
  return static_cast<double>(c.vocab) * static_cast<double>(c.width);
}

// The scale s of an exponential x for which min(x, cut) has that mean: s (1 - exp(-cut / s)) =
// mean.
double scale_for(double mean, double cut) {
  double low = mean, high = 1000 * cut;
  for (int i = 0; i < 200; ++i) {
    const double s = 0.5 * (low + high);
    (s * (1 - std::exp(-cut / s)) < mean ? low : high) = s;
  }
  return low;
}

}  // namespace

Model bench_model(const Workload& w) {
  const char* preset = w.model == "1M"    ? "tiny"
                       : w.model == "5M"  ? "small"
                       : w.model == "30M" ? "medium"
                                          : nullptr;
  if (preset == nullptr) {
    if (!fs::exists(fs::path(w.model) / "config.json"))
      throw Error("no model \"" + w.model + "\" to measure",
                  "give 1M, 5M, 30M or a Hugging Face folder");
    return load_model(w.model);
  }
  ModelConfig config = preset_config(preset);
  config.vocab = w.model == "30M" ? 1024 : 512;
  Model model(config);
  initialize(model, kSeed);
  return model;
}

std::vector<Prompt> bench_prompts(const Workload& w, std::int64_t vocab,
                                  const std::vector<std::int64_t>& lengths) {
  Rng rng(kSeed);
  std::vector<Prompt> prompts;
  for (std::int64_t p = 0; p < w.prompts; ++p) {
    const auto first = lengths.begin() + p * w.samples;
    Prompt prompt{.ids = {}, .samples = w.samples, .lengths = {first, first + w.samples}};
    for (std::int64_t t = 0; t < w.prompt_tokens; ++t)
      prompt.ids.push_back(static_cast<std::int32_t>(rng.between(0, vocab - 1)));
    prompts.push_back(std::move(prompt));
  }
  return prompts;
}

std::vector<std::int64_t> bench_lengths(const Workload& w) {
  std::vector<std::int64_t> lengths(w.prompts * w.samples, w.max_tokens);
  if (w.mean_tokens >= w.max_tokens) return lengths;
  Rng rng(kSeed + 1);
  const double scale =
      scale_for(static_cast<double>(w.mean_tokens), static_cast<double>(w.max_tokens));
  for (std::int64_t& length : lengths)
    length = std::clamp<std::int64_t>(std::llround(-scale * std::log(1 - rng.uniform())), 1,
                                      w.max_tokens);
  return lengths;
}

double decode_flops(const ModelConfig& c, const Workload& w,
                    const std::vector<std::int64_t>& lengths) {
  const double attention = 4 * static_cast<double>(c.layers * c.q_width());  // per position seen
  double flops = 0;
  for (const std::int64_t length : lengths) {
    const double n = static_cast<double>(length),
                 context = static_cast<double>(w.prompt_tokens) + (n + 1) / 2;
    flops += n * (2 * (matrix_weights(c) + head_weights(c)) + attention * context);
  }
  return flops;
}

double train_flops(const ModelConfig& c, const Workload& w,
                   const std::vector<std::int64_t>& lengths) {
  const double attention = 4 * static_cast<double>(c.layers * c.q_width());
  const double prompt = w.prompt_tokens;
  double forward = static_cast<double>(w.prompts) * prompt *
                   (2 * matrix_weights(c) + attention * (prompt + 1) / 2);
  for (const std::int64_t length : lengths) {
    const double n = length;
    forward +=
        (n - 1) * (2 * matrix_weights(c) + attention * (prompt + n / 2)) + n * 2 * head_weights(c);
  }
  return 3 * forward;
}

}  // namespace tinyzero
