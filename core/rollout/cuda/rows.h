// What lies in device memory about the tokens of a pass.
//
// A row of a pass is one token to compute, of a prompt or of a completion. Keys and values of
// prompts lie in one store, a place a prompt; those of completions in another, a slot a completion,
// and a completion sees its prompt's as well as its own.
#pragma once

#include <cstdint>

#include "core/rollout/cuda/number.h"

namespace tinyzero {

struct DeviceRow {
  std::int32_t token = 0, position = 0;  // in the sequence
  std::int32_t prompt = 0,
               shared = 0;  // place of the prompt, and how many of its tokens are stored there
  std::int32_t slot = -1;   // of the completion; -1: a token of the prompt itself
  std::int32_t alive = 0;   // 0: the row is filling, or its completion has ended
  std::int32_t drawn = 0, limit = 0;  // tokens of the completion so far, and at most
  std::int32_t fresh = 0;             // tokens drawn since the host looked
  std::int32_t target = 0;            // when scoring: the token that follows
  std::uint64_t stream = 0;           // key of the completion's random stream
};

// A token that was drawn, and its log-probability.
struct Drawn {
  std::int32_t id;
  float logp;
};

// Rows that complete one prompt: `count` of them from `first` on; 0: none.
struct PromptRows {
  std::int32_t prompt = 0, shared = 0, first = 0, count = 0;
};

// How tokens are drawn, the same for all rows.
struct DrawSettings {
  double temperature = 1.0;  // 0: the likeliest token
  std::int64_t top_k = 0;    // 0: all
  double top_p = 1.0;
  std::int32_t end_count = 0;  // tokens that end a completion
  std::int32_t ends[64] = {};
};

constexpr std::int64_t kMostEndTokens = sizeof(DrawSettings::ends) / sizeof(std::int32_t);

// Keys and values of one layer: [sequence][kv head][position][component].
template <class T>
struct KvLayer {
  T *keys, *values;
  std::int64_t kv_heads, length, head_dim;

  TINYZERO_DEVICE std::int64_t at(std::int64_t sequence, std::int64_t head,
                                  std::int64_t position) const {
    return ((sequence * kv_heads + head) * length + position) * head_dim;
  }
};

}  // namespace tinyzero
