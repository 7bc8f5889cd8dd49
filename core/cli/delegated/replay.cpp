#include "core/cli/delegated/replay.h"

#include "core/cli/option_checks.h"

namespace tinyzero {

void add_replay(const Commands& commands) {
  commands.add<ReplayOptions>(
      "replay", "Another algorithm's update on a run's recorded episodes, beside the run's own",
      run_replay, [](CLI::App& c, ReplayOptions& o) {
        c.add_option("run", o.run, "run folder")->required();
        c.add_option("settings", o.settings, "settings of the algorithm, key=value");
        c.add_option("--step", o.step, "step of RL, from 1, right after a checkpoint")
            ->required()
            ->check(between(1, 10000000));
        c.add_option("--algorithm", o.algorithm, "the other algorithm; default: the run's own");
        c.add_option("--batch", o.batch, "write its batch to this file, for `algorithm explain`");
        c.add_option("--worst", o.worst,
                     "show this many of the step's worst completions token by token: log-probs "
                     "before and after, advantage")
            ->check(between(1, 1000000));
        c.add_flag("--json", o.json, kJsonHelp);
      });
}

}  // namespace tinyzero
