// What every engine asks of a sequence before it computes it.
#pragma once

#include <cstdint>
#include <vector>

#include "core/model/config.h"

namespace tinyzero {

// Throws Error if `ids` are none, if one is outside the vocabulary, or if the context has not
// `room` more positions behind them.
void check_ids(const ModelConfig& config, const std::vector<std::int32_t>& ids, std::int64_t room);

// Throws Error if the model is a critic, which has no tokens to draw.
void check_draws_tokens(const ModelConfig& config);

}  // namespace tinyzero
