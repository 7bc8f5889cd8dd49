// How a block of threads draws one token from a row of logits. Each phase is what one thread does between two barriers, and all that
// threads tell each other stands in SampleScratch: so a test can run the phases on the host, thread after thread.
//
//   p_i = exp((l_i - max l) / T);  token = smallest i with p_0 + … + p_i > u · Σ p;  logp = log p_token - log Σ p
//
// A warp owns a run of columns and its lanes stride through it, so that memory is read in whole lines. The run that holds the token is
// then divided among all threads, and one thread walks the few columns that are left. Sums of weights are double.
#pragma once

#include <cmath>
#include <cstdint>

#include "tinyzero/rng.h"

namespace tinyzero {

constexpr int kSampleWarps = 8, kSampleLanes = 32, kSampleThreads = kSampleWarps * kSampleLanes;

struct SampleRow {
  const float* logits;
  std::int64_t vocab;
  double temperature;  // 0: the likeliest token
  std::uint64_t stream, index;
};

struct SampleScratch {
  float top[kSampleThreads];
  std::int64_t top_at[kSampleThreads];
  double sum[kSampleThreads];
  float largest;
  std::int64_t largest_at;
  double total, threshold, before;  // before: weight of the columns left of the part that is searched
  std::int64_t first, last;         // that part
  std::int32_t id;
  float logp;
};

// Start of part `i` of `parts` over the columns first … last-1.
TINYZERO_HOST_DEVICE inline std::int64_t part_start(std::int64_t first, std::int64_t last, std::int64_t parts, std::int64_t i) {
  return first + (last - first) * i / parts;
}

TINYZERO_HOST_DEVICE inline float sample_weight(const SampleRow& row, float largest, std::int64_t i) {
  const double scale = row.temperature > 0 ? 1.0 / row.temperature : 1.0;
  return expf((row.logits[i] - largest) * static_cast<float>(scale));
}

// Each thread: the largest of its columns, the leftmost of equals.
TINYZERO_HOST_DEVICE inline void sample_find_largest(const SampleRow& row, SampleScratch& s, int thread) {
  const std::int64_t last = part_start(0, row.vocab, kSampleWarps, thread / kSampleLanes + 1);
  s.top[thread] = -INFINITY;
  s.top_at[thread] = row.vocab;
  for (std::int64_t i = part_start(0, row.vocab, kSampleWarps, thread / kSampleLanes) + thread % kSampleLanes; i < last;
       i += kSampleLanes) {
    if (row.logits[i] > s.top[thread] || s.top_at[thread] == row.vocab) {
      s.top[thread] = row.logits[i];
      s.top_at[thread] = i;
    }
  }
}

// Thread 0: the largest of all.
TINYZERO_HOST_DEVICE inline void sample_take_largest(SampleScratch& s) {
  int best = 0;
  for (int t = 1; t < kSampleThreads; ++t) {
    if (s.top[t] > s.top[best] || (s.top[t] == s.top[best] && s.top_at[t] < s.top_at[best])) best = t;
  }
  s.largest = s.top[best];
  s.largest_at = s.top_at[best];
}

// Each thread: the weight of its columns.
TINYZERO_HOST_DEVICE inline void sample_sum_columns(const SampleRow& row, SampleScratch& s, int thread) {
  const std::int64_t last = part_start(0, row.vocab, kSampleWarps, thread / kSampleLanes + 1);
  double sum = 0;
  for (std::int64_t i = part_start(0, row.vocab, kSampleWarps, thread / kSampleLanes) + thread % kSampleLanes; i < last; i += kSampleLanes)
    sum += static_cast<double>(sample_weight(row, s.largest, i));
  s.sum[thread] = sum;
}

// Thread 0: the threshold, and the warp whose columns hold it.
TINYZERO_HOST_DEVICE inline void sample_choose_warp(const SampleRow& row, SampleScratch& s) {
  double weight[kSampleWarps];
  s.total = 0;
  for (int w = 0; w < kSampleWarps; ++w) {
    weight[w] = 0;
    for (int lane = 0; lane < kSampleLanes; ++lane) weight[w] += s.sum[w * kSampleLanes + lane];
    s.total += weight[w];
  }
  s.threshold = row.temperature > 0 ? uniform_at(row.stream, row.index) * s.total : 0.0;
  s.before = 0;
  int w = 0;
  while (w + 1 < kSampleWarps && s.before + weight[w] <= s.threshold) s.before += weight[w++];
  s.first = part_start(0, row.vocab, kSampleWarps, w);
  s.last = part_start(0, row.vocab, kSampleWarps, w + 1);
}

// Each thread: the weight of its part of that warp's columns.
TINYZERO_HOST_DEVICE inline void sample_sum_part(const SampleRow& row, SampleScratch& s, int thread) {
  const std::int64_t last = part_start(s.first, s.last, kSampleThreads, thread + 1);
  double sum = 0;
  for (std::int64_t i = part_start(s.first, s.last, kSampleThreads, thread); i < last; ++i)
    sum += static_cast<double>(sample_weight(row, s.largest, i));
  s.sum[thread] = sum;
}

// Thread 0: the part that holds the threshold, then the token. Where rounding leaves the threshold beyond every column, the last column
// seen with a weight is taken.
TINYZERO_HOST_DEVICE inline void sample_take_token(const SampleRow& row, SampleScratch& s) {
  std::int64_t id = s.largest_at;
  if (row.temperature > 0) {
    double sum = s.before;
    int part = 0;
    while (part + 1 < kSampleThreads && sum + s.sum[part] <= s.threshold) sum += s.sum[part++];
    for (std::int64_t i = part_start(s.first, s.last, kSampleThreads, part); i < row.vocab; ++i) {
      const float weight = sample_weight(row, s.largest, i);
      if (weight > 0) id = i;
      sum += static_cast<double>(weight);
      if (sum > s.threshold && weight > 0) break;
    }
  }
  s.id = static_cast<std::int32_t>(id);
  s.logp = static_cast<float>(log(static_cast<double>(sample_weight(row, s.largest, id))) - log(s.total));
}

}  // namespace tinyzero
