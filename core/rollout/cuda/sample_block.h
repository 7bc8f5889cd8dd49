// How a block of threads draws one token from a row of logits, or computes the log-probability of
// one. Each phase is what one thread does between two barriers (block.h). SampleScratch holds all
// that threads tell each other.
//
//   p_i   = exp((l_i - max l) / T)
//   token = smallest i with p_0 + … + p_i > u · Σ p
//   logp  = log p_token - log Σ p
//
// If a logit is NaN or plus infinity, or all are minus infinity, logp is NaN and the token means
// nothing.
//
// A warp owns a run of columns and its lanes stride through it, so that memory is read in whole
// lines. All threads then divide the run that holds the token, and one thread walks the last few
// columns. Sums of weights are double.
//
// top_k and top_p keep what keep_likeliest (sampler.h) keeps, without sorting. The least weight to
// keep is found bit by bit, by counting and summing the columns that are at least as heavy. Of the
// columns of exactly that weight, the first ones are kept.
#pragma once

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "core/rollout/cuda/block.h"
#include "tinyzero/rng.h"

namespace tinyzero {

constexpr int kSampleThreads = 256, kSampleWarps = kSampleThreads / kWarp;

struct SampleRow {
  const float* logits;
  std::int64_t vocab;
  double temperature;  // 0: the likeliest token
  std::uint64_t stream, index;
  std::int64_t top_k;  // 0: all
  double top_p;
};

struct SampleScratch {
  // By thread:
  float top[kSampleThreads];
  std::int64_t top_at[kSampleThreads];
  std::int64_t count[kSampleThreads];
  double sum[kSampleThreads];
  // For the whole row:
  float largest;            // largest logit
  std::int64_t largest_at;  // its column
  float least;              // least weight of a column that is kept
  std::int64_t ties_end;    // a column of exactly that weight is kept if it is before this one
  std::int64_t all_count;   // columns that count_heavier() found
  double all_sum;           // their weights
  double total;             // weights of the kept columns
  double threshold;         // u · total
  std::int64_t first;       // columns first … last-1 hold the token
  std::int64_t last;
  double before;  // weights of the columns before `first`
  std::int32_t id;
  float logp;
};

// Start of range `i` of `ranges` over the columns first … last-1.
TINYZERO_DEVICE inline std::int64_t range_start(std::int64_t first, std::int64_t last,
                                                std::int64_t ranges, std::int64_t i) {
  return first + (last - first) * i / ranges;
}

// Finite as an f32, however small the temperature is.
TINYZERO_DEVICE inline float inverse_temperature(const SampleRow& row) {
  const double inverse = row.temperature > 0 ? 1.0 / row.temperature : 1.0;
  return static_cast<float>(inverse < static_cast<double>(FLT_MAX) ? inverse
                                                                   : static_cast<double>(FLT_MAX));
}

// The weight of a column, kept or not.
TINYZERO_DEVICE inline float full_weight(const SampleRow& row, float largest, std::int64_t i) {
  return expf((row.logits[i] - largest) * inverse_temperature(row));
}

// The weight of a column if it is kept, else 0.
TINYZERO_DEVICE inline float sample_weight(const SampleRow& row, const SampleScratch& s,
                                           std::int64_t i) {
  const float weight = full_weight(row, s.largest, i);
  return weight > s.least || (weight == s.least && i < s.ties_end) ? weight : 0.0f;
}

// Calls f(column) for the columns of a thread that strides through its warp's run.
template <class F>
TINYZERO_DEVICE void for_columns(const SampleRow& row, int thread, const F& f) {
  const std::int64_t last = range_start(0, row.vocab, kSampleWarps, thread / kWarp + 1);
  for (std::int64_t i = range_start(0, row.vocab, kSampleWarps, thread / kWarp) + thread % kWarp;
       i < last; i += kWarp)
    f(i);
}

// Finds the largest logit, the leftmost of equals, and keeps all columns. It is NaN if a logit is
// NaN or plus infinity, or if all are minus infinity: then every weight, and with it logp, is NaN.
template <class Block>
TINYZERO_DEVICE void find_largest(Block& block, const SampleRow& row, SampleScratch& s) {
  block.each([&](int thread) {
    s.top[thread] = -INFINITY;
    s.top_at[thread] = row.vocab;
    s.count[thread] = 0;  // logits that are NaN or plus infinity
    for_columns(row, thread, [&](std::int64_t i) {
      if (!(row.logits[i] <= FLT_MAX)) ++s.count[thread];
      if (row.logits[i] > s.top[thread] || s.top_at[thread] == row.vocab) {
        s.top[thread] = row.logits[i];
        s.top_at[thread] = i;
      }
    });
  });
  block.one([&] {
    int best = 0;
    for (int t = 1; t < kSampleThreads; ++t) {
      if (s.top[t] > s.top[best] || (s.top[t] == s.top[best] && s.top_at[t] < s.top_at[best]))
        best = t;
    }
    std::int64_t bad = s.top[best] == -INFINITY ? 1 : 0;
    for (int t = 0; t < kSampleThreads; ++t) bad += s.count[t];
    s.largest = bad == 0 ? s.top[best] : NAN;
    s.largest_at = s.top_at[best];
    s.least = 0;
    s.ties_end = row.vocab;
  });
}

// Counts and sums the weights that are at least `least`: s.all_count and s.all_sum.
template <class Block>
TINYZERO_DEVICE void count_heavier(Block& block, const SampleRow& row, SampleScratch& s,
                                   float least) {
  block.each([&](int thread) {
    s.count[thread] = 0;
    s.sum[thread] = 0;
    for_columns(row, thread, [&](std::int64_t i) {
      const float weight = full_weight(row, s.largest, i);
      if (weight < least) return;
      ++s.count[thread];
      s.sum[thread] += weight;
    });
  });
  block.one([&] {
    s.all_count = 0;
    s.all_sum = 0;
    for (int t = 0; t < kSampleThreads; ++t) {
      s.all_count += s.count[t];
      s.all_sum += s.sum[t];
    }
  });
}

TINYZERO_DEVICE inline float float_of_bits(std::uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

// The largest weight, as bits, for which enough() holds of the columns at least as heavy. All
// weights are in 0 … 1, where bits are ordered like numbers.
template <class Block, class Enough>
TINYZERO_DEVICE std::uint32_t least_weight(Block& block, const SampleRow& row, SampleScratch& s,
                                           const Enough& enough) {
  std::uint32_t found = 0;
  for (std::uint32_t bit = 1u << 29; bit > 0; bit >>= 1) {
    if ((found | bit) > 0x3F800000u) continue;  // 1
    count_heavier(block, row, s, float_of_bits(found | bit));
    if (enough()) found |= bit;
  }
  return found;
}

// Keeps the top_k likeliest columns, and among them the likeliest that reach top_p of their sum.
template <class Block>
TINYZERO_DEVICE void keep_likeliest_columns(Block& block, const SampleRow& row, SampleScratch& s) {
  const bool by_count = row.top_k > 0 && row.top_k < row.vocab, by_sum = row.top_p < 1.0;
  if (!by_count && !by_sum) return;
  std::uint32_t least = 0;
  std::int64_t most = row.vocab;  // columns to keep
  double among = 0;
  // Number and sum of the columns heavier than `bits`.
  const auto heavier = [&](std::uint32_t bits, std::int64_t& count, double& sum) {
    count_heavier(block, row, s, float_of_bits(bits + 1));
    count = s.all_count;
    sum = s.all_sum;
  };
  std::int64_t count = 0;
  double sum = 0;
  if (by_count) {
    most = row.top_k;
    least = least_weight(block, row, s, [&] { return s.all_count >= most; });
    heavier(least, count, sum);
    among = sum + static_cast<double>(most - count) * static_cast<double>(float_of_bits(least));
  } else {
    count_heavier(block, row, s, 0.0f);
    among = s.all_sum;
  }
  std::int64_t ties = most - count;
  if (by_sum) {
    const double goal = row.top_p * among;
    const std::uint32_t by_goal = least_weight(block, row, s, [&] { return s.all_sum >= goal; });
    if (by_goal > least || !by_count) {
      least = by_goal;
      ties = most;
    }
    heavier(least, count, sum);
    const double weight = float_of_bits(least);
    std::int64_t needed = count == 0 ? 1 : 0;
    while (needed < ties && sum + static_cast<double>(needed) * weight < goal && weight > 0)
      ++needed;
    if (needed < ties) ties = needed;
  }
  block.each([&](int thread) {
    s.count[thread] = 0;
    for (std::int64_t i = range_start(0, row.vocab, kSampleThreads, thread);
         i < range_start(0, row.vocab, kSampleThreads, thread + 1); ++i)
      s.count[thread] += full_weight(row, s.largest, i) == float_of_bits(least) ? 1 : 0;
  });
  block.one([&] {
    s.least = float_of_bits(least);
    s.ties_end = 0;
    std::int64_t left = ties;
    int range = 0;
    while (range + 1 < kSampleThreads && s.count[range] < left) left -= s.count[range++];
    for (std::int64_t i = range_start(0, row.vocab, kSampleThreads, range);
         i < row.vocab && left > 0; ++i) {
      if (full_weight(row, s.largest, i) != s.least) continue;
      --left;
      s.ties_end = i + 1;
    }
  });
}

// Sums the kept weights: s.sum by warp, and s.total.
template <class Block>
TINYZERO_DEVICE void sum_columns(Block& block, const SampleRow& row, SampleScratch& s) {
  block.each([&](int thread) {
    double sum = 0;
    for_columns(row, thread, [&](std::int64_t i) { sum += sample_weight(row, s, i); });
    s.sum[thread] = sum;
  });
  block.one([&] {
    s.total = 0;
    for (int w = 0; w < kSampleWarps; ++w) {
      double weight = 0;
      for (int lane = 0; lane < kWarp; ++lane) weight += s.sum[w * kWarp + lane];
      s.sum[w] = weight;  // sums that are still to be read follow
      s.total += weight;
    }
  });
}

// For thread 0: finds the threshold, and the warp whose run holds it.
TINYZERO_DEVICE inline void choose_run(const SampleRow& row, SampleScratch& s) {
  s.threshold = uniform_at(row.stream, row.index) * s.total;
  s.before = 0;
  int w = 0;
  while (w + 1 < kSampleWarps && s.before + s.sum[w] <= s.threshold) s.before += s.sum[w++];
  s.first = range_start(0, row.vocab, kSampleWarps, w);
  s.last = range_start(0, row.vocab, kSampleWarps, w + 1);
}

// For thread 0: finds the range that holds the threshold, then the token. Where rounding puts the
// threshold beyond every column, it takes the last column seen with a weight.
TINYZERO_DEVICE inline std::int64_t take_token(const SampleRow& row, const SampleScratch& s) {
  std::int64_t id = s.largest_at;
  double sum = s.before;
  int range = 0;
  while (range + 1 < kSampleThreads && sum + s.sum[range] <= s.threshold) sum += s.sum[range++];
  for (std::int64_t i = range_start(s.first, s.last, kSampleThreads, range); i < row.vocab; ++i) {
    const float weight = sample_weight(row, s, i);
    if (weight > 0) id = i;
    sum += weight;
    if (sum > s.threshold && weight > 0) break;
  }
  return id;
}

// Draws a token: s.id and s.logp. Both logarithms are of doubles: rounding happens once, at the
// end.
template <class Block>
TINYZERO_DEVICE void sample_block(Block& block, const SampleRow& row, SampleScratch& s) {
  find_largest(block, row, s);
  if (row.temperature > 0) keep_likeliest_columns(block, row, s);
  sum_columns(block, row, s);
  if (row.temperature > 0) {
    block.one([&] { choose_run(row, s); });
    block.each([&](int thread) {
      const std::int64_t last = range_start(s.first, s.last, kSampleThreads, thread + 1);
      double sum = 0;
      for (std::int64_t i = range_start(s.first, s.last, kSampleThreads, thread); i < last; ++i)
        sum += sample_weight(row, s, i);
      s.sum[thread] = sum;
    });
  }
  block.one([&] {
    const std::int64_t id = row.temperature > 0 ? take_token(row, s) : s.largest_at;
    s.id = static_cast<std::int32_t>(id);
    s.logp = static_cast<float>(log(static_cast<double>(full_weight(row, s.largest, id))) -
                                log(s.total));
  });
}

// Computes the log-probability of `target`: s.logp.
template <class Block>
TINYZERO_DEVICE void score_block(Block& block, const SampleRow& row, SampleScratch& s,
                                 std::int64_t target) {
  find_largest(block, row, s);
  sum_columns(block, row, s);
  block.one([&] {
    const double above = static_cast<double>(row.logits[target]) - static_cast<double>(s.largest);
    s.logp =
        static_cast<float>(above * static_cast<double>(inverse_temperature(row)) - log(s.total));
  });
}

}  // namespace tinyzero
