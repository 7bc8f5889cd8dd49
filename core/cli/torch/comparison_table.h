// The table of a comparison, for people.
#pragma once

#include <string>

#include "core/base/json.h"

namespace tinyzero {

// `summary`: what comparison.json holds. The table, then notes on what it is worth.
std::string comparison_table(const Json& summary);

}  // namespace tinyzero
