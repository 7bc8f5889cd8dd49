#include "core/rollout/sampler.h"

#include <cmath>
#include <limits>

#include "tinyzero/rng.h"

namespace tinyzero {

float temperature_scale(double temperature) {
  return static_cast<float>(
      std::min(1.0 / temperature, static_cast<double>(std::numeric_limits<float>::max())));
}

// The sum of exponentials is NaN if a logit is NaN or plus infinity, or if all are minus infinity.
// Otherwise it is at least 1.
DrawnToken draw_token(const Kernels& kernels, float* logits, std::int64_t vocab,
                      const Sampling& sampling, std::uint64_t stream, std::uint64_t index,
                      std::vector<std::int32_t>& order) {
  float largest = 0;
  double sum = 0;
  if (sampling.temperature == 0) {
    const std::int64_t best = std::max_element(logits, logits + vocab) - logits;
    kernels.exponentials(logits, vocab, 1.0f, largest, sum);
    if (std::isnan(sum)) return {-1, std::nanf("")};
    return {static_cast<std::int32_t>(best), static_cast<float>(-std::log(sum))};
  }
  kernels.exponentials(logits, vocab, temperature_scale(sampling.temperature), largest, sum);
  if (std::isnan(sum)) return {-1, std::nanf("")};
  sum = keep_likeliest(logits, vocab, sum, sampling.top_k, sampling.top_p, order);
  std::int64_t id = invert_cdf(logits, vocab, 0.0, uniform_at(stream, index) * sum);
  if (id < 0) id = last_possible(logits, vocab);
  // Both logarithms are of doubles: rounding happens once, at the end.
  return {static_cast<std::int32_t>(id),
          static_cast<float>(std::log(static_cast<double>(logits[id])) - std::log(sum))};
}

std::uint64_t sample_stream(const Sampling& sampling, const Prompt& prompt, std::size_t index,
                            std::int64_t sample) {
  const std::uint64_t number =
      prompt.number < 0 ? index : static_cast<std::uint64_t>(prompt.number);
  return stream_key(sampling.seed,
                    {static_cast<std::uint64_t>(sampling.stream), sampling.step, number,
                     static_cast<std::uint64_t>(prompt.first_sample + sample)});
}

}  // namespace tinyzero
