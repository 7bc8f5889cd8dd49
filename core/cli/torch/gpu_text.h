// Memory and time that a run needs on a GPU, predicted on paper: in words and as JSON.
#pragma once

#include <string>

#include "core/base/json.h"

namespace tinyzero {

struct Gpu;
struct RunShape;

// Tables of memory and of time; if the run does not fit, also the settings with which it does.
std::string gpu_text(const RunShape& shape, const Gpu& gpu);
Json gpu_json(const RunShape& shape, const Gpu& gpu);

}  // namespace tinyzero
