// config show: every setting of an experiment, and where it comes from.

#include "core/cli/output.h"
#include "core/cli/torch/arithmetic_text.h"
#include "core/cli/torch/config_notes.h"
#include "core/train/opened_run.h"

namespace tinyzero {

int run_config_show(const GlobalOptions& global, const ConfigOptions& options) {
  const OpenedRun run = open_shapes(global, options);
  if (options.json) {
    Json out = Json::object();
    for (const ResolvedSetting& setting : run.resolved())
      out[setting.path] = {{"value", setting.value}, {"origin", setting.origin.text()}};
    print_json(out);
    return 0;
  }
  for (const ResolvedSetting& setting : run.resolved())
    print("{:<28} {:<16} {}\n", setting.path, setting.value, setting.origin.text());
  print("\n");
  for (const std::string& line : arithmetic_lines(run)) print("{}\n", line);
  print_notes(run);
  return 0;
}

}  // namespace tinyzero
