// Demonstrations in place of a policy's own completions (train.imitate).
#pragma once

#include <vector>

#include "core/rollout/engine.h"
#include "tinyzero/item.h"

namespace tinyzero {

struct OpenedRun;

// A demonstration for each sample of each prompt, of at most sampling.max_tokens tokens, with the
// log-probs that the policy gives it. `items` are the problems of the prompts.
std::vector<Episode> demonstrated_episodes(Engine& engine, const OpenedRun& run,
                                           const std::vector<Item>& items,
                                           const std::vector<Prompt>& prompts,
                                           const Sampling& sampling);

}  // namespace tinyzero
