// What a comparison's seeds can find, for people.
#pragma once

#include <string>

#include "core/base/json.h"

namespace tinyzero {

// `power`: what power_json (core/compare/power.h) made.
std::string power_text(const Json& power);

}  // namespace tinyzero
