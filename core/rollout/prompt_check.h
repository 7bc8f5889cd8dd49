// What every engine checks before it computes anything.
#pragma once

#include <cstdint>
#include <vector>

#include "core/model/config.h"
#include "core/rollout/engine.h"

namespace tinyzero {

// Throws Error if `ids` is empty, if an id is outside the vocabulary, or if the ids and `more`
// tokens after them exceed the context.
void check_ids(const ModelConfig& config, const std::vector<std::int32_t>& ids, std::int64_t more);

// The arguments of Engine::generate(). Throws Error if check_ids() refuses a prompt with its
// longest completion, if fixed lengths are missing or out of range, or if on_token is set for more
// than one completion.
void check_call(const ModelConfig& config, const std::vector<Prompt>& prompts,
                const Sampling& sampling, const GenerateHooks& hooks);

// Whether the prompts of a checked call fix the lengths of their completions.
bool lengths_are_fixed(const std::vector<Prompt>& prompts);

// Throws Error if the model is a critic, which has no tokens to draw.
void check_draws_tokens(const ModelConfig& config);

}  // namespace tinyzero
