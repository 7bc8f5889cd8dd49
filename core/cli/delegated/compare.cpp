#include "core/cli/delegated/compare.h"

#include "core/cli/option_checks.h"

namespace tinyzero {

void add_compare(const Commands& commands) {
  commands.add<CompareOptions>(
      "compare",
      "Train arms x seeds under one budget, then say what is known: a table with intervals",
      run_compare, [](CLI::App& c, CompareOptions& o) {
        c.add_option("config", o.config,
                     "experiment file (YAML) with a section compare:, or a comparison.json, whose "
                     "table is printed anew")
            ->required();
        c.add_option("overrides", o.overrides, kOverridesHelp);
        c.add_option("--run", o.run,
                     "folder for the comparison; default runs/<name of the file>. What is done "
                     "there is not done again");
        c.add_option("--jobs", o.jobs, "runs at once, which divide the cores and threads")
            ->capture_default_str()
            ->check(between(1, 1024));
        c.add_option("--share", o.share,
                     "K/N: only every N-th run, from the K-th (0 to N - 1), for calls that divide "
                     "the runs. Without it, the call does what is left and prints the table");
        c.add_flag("--starts", o.starts,
                   "only the models that arms start from; with --share, some");
        CLI::Option* plan =
            c.add_flag("--plan", o.list, "only list the runs, in the order that --share divides");
        CLI::Option* power =
            c.add_flag("--power{default}", o.power,
                       "with --plan: print how many seeds a difference of 1, 2 or 5 points takes; "
                       "--power=3,4 for others. Spreads are those of the runs that are done")
                ->needs(plan);
        c.add_option("--spread", o.spread,
                     "with --power: standard deviations of arms over seeds in points, as 1,2, in "
                     "place of measured ones")
            ->needs(power);
        c.add_flag("--accept-changes", o.accept_changes,
                   "continue although files that settings name, or libraries of plugins, changed");
        c.add_flag("--json", o.json,
                   "print comparison.json to standard output instead of the table; with --plan, "
                   "the runs, or what --power says");
      });
}

void add_compare_test(const Commands& commands) {
  commands.add<CompareTestOptions>("compare-test", "", run_compare_test,
                                   [](CLI::App& c, CompareTestOptions& o) {
                                     c.group("");  // hidden: a step of compare
                                     c.add_option("run", o.run, "run folder")->required();
                                   });
}

}  // namespace tinyzero
