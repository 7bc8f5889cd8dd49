// Parts of a batch.
#pragma once

#include <cstdint>
#include <vector>

#include "tinyzero/batch.h"

namespace tinyzero {

// The part of a batch that holds these episodes, in their order in the batch. `all` is copied;
// whoever computes a loss sets it to the counts of its update.
Batch select_episodes(const Batch& batch, const std::vector<std::int64_t>& episodes);

}  // namespace tinyzero
