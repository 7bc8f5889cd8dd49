// config show · check

#include <fmt/format.h>

#include "core/cli/options.h"
#include "core/cli/terminal.h"
#include "core/train/run_parts.h"

namespace tinyzero {

int config_show_command(const GlobalOptions& global, const ConfigOptions& options) {
  const RunParts parts = RunParts::open(Experiment::load(options.config, options.overrides), PluginCatalog::scan(global.plugin_folders));
  if (options.json) {
    Json out = Json::object();
    for (const ResolvedSetting& setting : parts.resolved()) out[setting.path] = {{"value", setting.value}, {"origin", setting.origin}};
    fmt::print("{}\n", json_line(out));
    return 0;
  }
  for (const ResolvedSetting& setting : parts.resolved()) fmt::print("{:<28} {:<16} {}\n", setting.path, setting.value, setting.origin);
  return 0;
}

int config_check_command(const GlobalOptions& global, const ConfigOptions& options) {
  const RunParts parts = RunParts::open(Experiment::load(options.config, options.overrides), PluginCatalog::scan(global.plugin_folders));
  const Experiment& e = parts.experiment;
  const std::int64_t episodes = e.rollout.prompts * e.rollout.samples;
  if (options.json) {
    fmt::print("{}\n", json_line({{"ok", true},
                                  {"parameters", parts.model.config.parameters()},
                                  {"episodes_a_step", episodes},
                                  {"held_out", parts.held_out.items.size()}}));
    return 0;
  }
  fmt::print("{} is a valid experiment\n", options.config);
  fmt::print("  {} · {} · {}\n", e.task.use, e.algorithm.use, model_label(parts));
  fmt::print("  a step: {} problems x {} samples = {} completions of up to {} tokens, {} update{}\n", e.rollout.prompts, e.rollout.samples,
             episodes, e.rollout.max_tokens, e.train.updates, e.train.updates == 1 ? "" : "s");
  fmt::print("  warm start {} steps of {} · RL {} steps · held out {} problems ({} different)\n", e.warm_start.steps, e.warm_start.batch,
             e.train.steps, parts.held_out.items.size(), parts.held_out.keys);
  return 0;
}

}  // namespace tinyzero
