// The arithmetic of an experiment in words, for every command that shows one.
#pragma once

#include <string>
#include <vector>

#include "core/train/probe.h"

namespace tinyzero {

// A line each for warm start, RL, tokens and evaluation, and, of whole parts, memory on this
// machine.
std::vector<std::string> arithmetic_lines(const RunShape& run, std::size_t held_out_keys);
std::vector<std::string> arithmetic_lines(const OpenedRun& parts);
Json arithmetic_json(const OpenedRun& parts);

}  // namespace tinyzero
