#include "core/cli/delegated/train.h"

#include "core/cli/option_checks.h"

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
        c.add_option("--ranks-timeout", o.ranks_timeout,
                     "with several ranks (mpirun, srun, torchrun): seconds that one waits for "
                     "another before the run ends with an error")
            ->capture_default_str()
            ->check(between(1, 86400));
        c.add_option("--ranks-interface", o.ranks_interface,
                     "network interface for ranks on several machines, such as eth0");
        c.add_flag("--planned", o.planned, "")->group("");  // hidden: a step of compare
      });
}

}  // namespace tinyzero
