// What this process holds in memory, in bytes.
#pragma once

#include <cstdint>

namespace tinyzero {

std::int64_t resident_memory();  // now
std::int64_t peak_memory();      // at most so far

}  // namespace tinyzero
