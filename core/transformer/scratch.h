// Memory for what lives within one operation.
#pragma once

#include <cstdint>

namespace tinyzero {

// What a thread needs memory for at the same time.
enum class Scratch { words, rows, attention, logits, right, left };

// At least so many floats, whose contents are undefined. They belong to this thread, and are valid
// until it asks for more of the same purpose.
float* scratch(Scratch purpose, std::int64_t floats);

}  // namespace tinyzero
