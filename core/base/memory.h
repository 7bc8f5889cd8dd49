// Memory of this process and memory that the machine has left for it, in bytes.
#pragma once

#include <cstdint>

#include "core/base/file.h"

namespace tinyzero {

std::int64_t resident_memory();  // now
std::int64_t peak_memory();      // largest so far

// Memory that this process can still use: what is available in the system, or what its control
// groups' limits leave if that is less. File pages that the system would drop count as available.
// `root` is the folder that contains /proc and /sys.
std::int64_t available_memory(const fs::path& root = "/");

// Memory that this process could use if nothing else ran: the machine's memory, or its control
// groups' limit if that is less.
std::int64_t total_memory(const fs::path& root = "/");

// Keeps memory that one training step frees for the next step: returning pages to the system, which
// clears them again, costs a tenth of a step. Blocks of 32 MiB and more, which only large models
// have, are returned: among smaller blocks they would leave large holes that nothing fits into.
void keep_freed_memory();

}  // namespace tinyzero
