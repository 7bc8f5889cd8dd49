// The arithmetic of an experiment in words and as JSON, for every command that shows one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json.h"

namespace tinyzero {

struct OpenedRun;
struct RunShape;

// A line each for warm start, RL, tokens and evaluation, and for an opened run the memory that it
// takes on this machine.
std::vector<std::string> arithmetic_lines(const RunShape& shape, std::size_t held_out_keys);
std::vector<std::string> arithmetic_lines(const OpenedRun& run);
Json arithmetic_json(const OpenedRun& run);

// "12.3 MB", "1.5 GB".
std::string megabytes(std::int64_t bytes);
std::string gigabytes(double bytes);

// "3.2 ms", "4.5 s", "2.0 min", "1.5 h".
std::string time_text(double seconds);

}  // namespace tinyzero
