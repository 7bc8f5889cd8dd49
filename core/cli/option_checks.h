// Checks and help texts that options of several commands share.
#pragma once

#include <CLI/CLI.hpp>

namespace tinyzero {

// A number in decimal digits between two bounds, inclusive. The parser's own checks accept NaN,
// hexadecimal digits, and the nearest number for one that is too large.
CLI::Validator between(double low, double high);

// A whole number from 0 that fits into 64 bits.
CLI::Validator whole_number();

inline constexpr const char* kSettingsHelp = "settings of the task, key=value";
inline constexpr const char* kOverridesHelp =
    "settings on top of the file, key=value with dotted keys: train.steps=100";
inline constexpr const char* kJsonHelp = "print JSON for machines";
inline constexpr const char* kTaskHelp = "task, the path of its library, or FILE.py:CLASS";
inline constexpr const char* kAlgorithmHelp = "algorithm, or the path of its library";
inline constexpr const char* kFolderHelp =
    "a Hugging Face folder, or a run (its newest checkpoint)";

}  // namespace tinyzero
