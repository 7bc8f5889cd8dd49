#include "core/cli/delegated/config.h"

#include "core/cli/option_checks.h"

namespace tinyzero {

void add_config_options(CLI::App& c, ConfigOptions& o) {
  c.add_option("config", o.config, "experiment file (YAML)")->required();
  c.add_option("overrides", o.overrides, kOverridesHelp);
  c.add_flag("--json", o.json, kJsonHelp);
}

void add_config_show(const Commands& commands) {
  commands.add<ConfigOptions>("show", "Every setting of an experiment, and where it comes from",
                              run_config_show, add_config_options);
}

void add_config_check(const Commands& commands) {
  commands.add<ConfigOptions>("check", "Check an experiment without running it", run_config_check,
                              add_config_options);
}

void add_config_schema(const Commands& commands) {
  commands.add<ConfigSchemaOptions>(
      "schema", "What an experiment may say, as a JSON schema for editors", run_config_schema,
      [](CLI::App& c, ConfigSchemaOptions& o) {
        c.add_flag("--markdown", o.markdown, "as the reference that ends docs/experiments.md");
      });
}

}  // namespace tinyzero
