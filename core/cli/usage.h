// The words of the command line before a command runs: `help` and `version` as words, and what is
// told of a command line that nobody can follow.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace tinyzero {

// The command line as it was meant: `help train` becomes `train --help`, `version` becomes
// `--version`. Throws Error for a command that does not exist, with the nearest one.
std::vector<std::string> understood_words(const CLI::App& app, std::vector<std::string> words);

// Why the parser refused the command line: Error in words of ours.
[[noreturn]] void throw_usage_error(const CLI::App& app, const CLI::ParseError& error);

}  // namespace tinyzero
