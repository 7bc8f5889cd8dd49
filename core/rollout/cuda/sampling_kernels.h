// Kernels over logits: drawing the next token of each completion with its log-probability, and the
// log-probability of a given token.
#pragma once

#include "core/rollout/cuda/block.h"
#include "core/rollout/cuda/rows.h"
#include "core/rollout/cuda/sample_block.h"

namespace tinyzero {

// Draws the next token of each unfinished row (sample_block.h), writes it where the host will look,
// and advances the row. A row ends at an end token or at its limit, without the host.
struct DrawTokens {
  static constexpr int kThreads = kSampleThreads;
  DeviceRow* rows;
  const float* logits;  // (rows, vocab)
  const DrawSettings* settings;
  Drawn* drawn;  // (rows, looks): the tokens since the host looked
  std::int64_t count, vocab, looks;

  Grid grid() const { return {count, 1, 1}; }
  std::int64_t shared_bytes() const { return sizeof(SampleScratch); }

  template <class Block>
  TINYZERO_DEVICE void operator()(Block& block) const {
    const std::int64_t r = block.x;
    if (rows[r].alive == 0) return;
    SampleScratch& scratch = *reinterpret_cast<SampleScratch*>(block.shared);
    const SampleRow row{.logits = logits + r * vocab,
                        .vocab = vocab,
                        .temperature = settings->temperature,
                        .stream = rows[r].stream,
                        .index = static_cast<std::uint64_t>(rows[r].drawn),
                        .top_k = settings->top_k,
                        .top_p = settings->top_p};
    sample_block(block, row, scratch);
    block.one([&] {
      DeviceRow& own = rows[r];
      drawn[r * looks + own.fresh] = {scratch.id, scratch.logp};
      ++own.fresh;
      ++own.drawn;
      ++own.position;
      own.token = scratch.id;
      bool ended = own.drawn >= own.limit;
      for (std::int32_t i = 0; i < settings->end_count; ++i)
        ended = ended || settings->ends[i] == scratch.id;
      own.alive = ended ? 0 : 1;
    });
  }
};

// The log-probability of each row's target under softmax(logits / temperature).
struct ScoreTargets {
  static constexpr int kThreads = kSampleThreads;
  const DeviceRow* rows;
  const float* logits;
  const DrawSettings* settings;  // the temperature, not 0
  float* logp;                   // (rows)
  std::int64_t count, vocab;

  Grid grid() const { return {count, 1, 1}; }
  std::int64_t shared_bytes() const { return sizeof(SampleScratch); }

  template <class Block>
  TINYZERO_DEVICE void operator()(Block& block) const {
    const std::int64_t r = block.x;
    if (rows[r].alive == 0) return;
    SampleScratch& scratch = *reinterpret_cast<SampleScratch*>(block.shared);
    const SampleRow row{.logits = logits + r * vocab,
                        .vocab = vocab,
                        .temperature = settings->temperature,
                        .stream = 0,
                        .index = 0,
                        .top_k = 0,
                        .top_p = 1.0};
    score_block(block, row, scratch, rows[r].target);
    block.one([&] { logp[r] = scratch.logp; });
  }
};

}  // namespace tinyzero
