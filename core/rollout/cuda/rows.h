// The rows of a pass in device memory.
//
// A row is one token to compute, of a prompt or of a completion. Keys and values of prompts are in
// one store, with a place for each prompt; those of completions are in another, with a slot for
// each completion. A completion sees its prompt's as well as its own.
#pragma once

#include <cstdint>

#include "core/rollout/cuda/number.h"

namespace tinyzero {

struct DeviceRow {
  std::int32_t token = 0;
  std::int32_t position = 0;  // in the sequence
  std::int32_t prompt = 0;    // place of the prompt
  std::int32_t shared = 0;    // tokens of the prompt that are stored there
  std::int32_t slot = -1;     // slot of the completion; -1: a token of the prompt itself
  std::int32_t alive = 0;     // 0: the row is padding, or its completion has ended
  std::int32_t drawn = 0;     // tokens of the completion so far
  std::int32_t limit = 0;     // most tokens of the completion
  std::int32_t fresh = 0;     // tokens drawn since the host looked
  std::int32_t target = 0;    // when scoring: the token that follows
  std::uint64_t stream = 0;   // key of the completion's random stream
};

// A token and its log-probability.
struct Drawn {
  std::int32_t id;
  float logp;
};

// The rows that complete one prompt.
struct PromptRows {
  std::int32_t prompt = 0;  // place of the prompt
  std::int32_t shared = 0;  // tokens of the prompt that are stored there
  std::int32_t first = 0;   // first of the rows
  std::int32_t count = 0;   // number of rows; 0: padding
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
  T* keys;
  T* values;
  std::int64_t kv_heads;
  std::int64_t length;  // positions of a sequence
  std::int64_t head_dim;

  TINYZERO_DEVICE std::int64_t at(std::int64_t sequence, std::int64_t head,
                                  std::int64_t position) const {
    return ((sequence * kv_heads + head) * length + position) * head_dim;
  }
};

}  // namespace tinyzero
