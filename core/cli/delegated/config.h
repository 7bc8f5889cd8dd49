// config show, check and schema.
#pragma once

#include <string>
#include <vector>

#include "core/cli/commands.h"

namespace tinyzero {

struct ConfigOptions {
  std::string config;
  std::vector<std::string> overrides;
  bool json = false;
};

struct ConfigSchemaOptions {
  bool markdown = false;
};

// The experiment file, its overrides and --json.
void add_config_options(CLI::App& command, ConfigOptions& options);

[[gnu::weak]] int run_config_show(const GlobalOptions&, const ConfigOptions&);
[[gnu::weak]] int run_config_check(const GlobalOptions&, const ConfigOptions&);
[[gnu::weak]] int run_config_schema(const GlobalOptions&, const ConfigSchemaOptions&);

}  // namespace tinyzero
