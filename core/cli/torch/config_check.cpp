// config check: an experiment and its arithmetic, without running it.

#include "core/cli/output.h"
#include "core/cli/torch/arithmetic_text.h"
#include "core/cli/torch/config_notes.h"
#include "core/config/experiment.h"
#include "core/forecast/memory.h"
#include "core/train/opened_run.h"
#include "core/train/probe.h"

namespace tinyzero {
namespace {

Json check_json(const OpenedRun& run) {
  const Experiment& e = run.experiment;
  Json out = {{"ok", true},
              {"parameters", run.model.config.parameters()},
              {"episodes_a_step", e.rollout.prompts * e.rollout.samples},
              {"held_out", run.held_out.items.size()}};
  out.update(arithmetic_json(run));
  out["notes"] = run.notes;
  out["warnings"] = memory_warnings(shape_of(run));
  out["fits"] = out["warnings"].empty();
  return out;
}

}  // namespace

int run_config_check(const GlobalOptions& global, const ConfigOptions& options) {
  const OpenedRun run = open_shapes(global, options);
  if (options.json) {
    print_json(check_json(run));
    return 0;
  }
  print("{} is a valid experiment\n", options.config);
  print("  {} · {} · {}\n", run.task.about().id, run.experiment.algorithm.use, model_label(run));
  for (const std::string& line : arithmetic_lines(run)) print("  {}\n", line);
  print_notes(run);
  return 0;
}

}  // namespace tinyzero
