// What makes a comparison's arms unequal in their chances, or equal in what they do.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"

namespace tinyzero {

// Of a comparison.json: arms whose runs chose their checkpoints among more evaluations than others,
// and arms that made the same first update, so that what differs between them had no effect.
std::vector<std::string> fairness_warnings(const Json& comparison);

}  // namespace tinyzero
