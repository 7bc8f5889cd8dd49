// Parts of a batch.
#pragma once

#include <cstdint>
#include <vector>

#include "tinyzero/batch.h"

namespace tinyzero {

// The part of a batch that holds these episodes, in their order in the batch; counts stay those of
// the whole update.
Batch select_episodes(const Batch& batch, const std::vector<std::int64_t>& episodes);

}  // namespace tinyzero
