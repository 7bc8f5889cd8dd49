// What this process holds in memory, and what the machine has left for it, in bytes.
#pragma once

#include <cstdint>

#include "core/base/file.h"

namespace tinyzero {

std::int64_t resident_memory();  // now
std::int64_t peak_memory();      // at most so far

// What this process can still take: what the system says is available, or what its control group's
// limit leaves if that is less. Pages of files that the system would drop count as available.
// `root`: where /proc and the control groups are looked for.
std::int64_t available_memory(const fs::path& root = "/");

// What this process could take if nothing else ran: the machine's memory, or the limit of its
// control group if that is less.
std::int64_t total_memory(const fs::path& root = "/");

// For a process that trains. Memory that one step frees is kept for the next: giving pages back to
// the system, and having them cleared again, costs a tenth of a step. Blocks of 32 MiB and more, of
// large models alone, are given back all the same: between smaller ones they would leave holes that
// nothing fits into, as large as themselves.
void keep_freed_memory();

}  // namespace tinyzero
