#include "core/cli/delegated/train.h"

#include "core/cli/option_checks.h"
#include "core/cli/ranks_options.h"

namespace tinyzero {

void add_train(const Commands& commands) {
  commands.add<TrainOptions>(
      "train", "Train: warm start if configured, RL, evaluation, checkpoints", run_train,
      [](CLI::App& c, TrainOptions& o) {
        c.add_option("config", o.config, "experiment file (YAML)");
        c.add_option("overrides", o.overrides, kOverridesHelp);
        c.add_option("--run", o.run, "folder for the run; default runs/<name of the file>");
        c.add_option("--resume", o.resume,
                     "continue the run in this folder from its newest checkpoint");
        c.add_flag("--accept-changes", o.accept_changes,
                   "continue although the task's or algorithm's library, the held-out problems or "
                   "config.yaml changed");
        c.add_flag("--json", o.json, "print every record of metrics.jsonl to standard output");
        c.add_flag("--quiet", o.quiet, "show warnings and errors only");
        add_ranks_options(c, o.ranks);
        c.add_flag("--planned", o.planned, "")->group("");  // hidden: a step of compare
      });
}

}  // namespace tinyzero
