// Options of commands that several ranks run together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tinyzero {

struct RanksOptions {
  std::int64_t timeout = 600;  // seconds
  std::string interface;       // empty: by the host's name
};

// --ranks-timeout and --ranks-interface.
std::vector<CLI::Option*> add_ranks_options(CLI::App& command, RanksOptions& options);

}  // namespace tinyzero
