#include "core/cli/delegated/algorithm.h"

#include "core/cli/option_checks.h"

namespace tinyzero {

void add_algorithm_list(const Commands& commands) {
  commands.add<AlgorithmListOptions>(
      "list", "Algorithms that can be used", run_algorithm_list,
      [](CLI::App& c, AlgorithmListOptions& o) { c.add_flag("--json", o.json, kJsonHelp); });
}

void add_algorithm_show(const Commands& commands) {
  commands.add<AlgorithmShowOptions>("show", "An algorithm and its settings", run_algorithm_show,
                                     [](CLI::App& c, AlgorithmShowOptions& o) {
                                       c.add_option("name", o.name, kAlgorithmHelp)->required();
                                       c.add_flag("--json", o.json, kJsonHelp);
                                     });
}

void add_algorithm_explain(const Commands& commands) {
  commands.add<AlgorithmExplainOptions>(
      "explain",
      "What an algorithm makes of a batch: advantages, loss, gradient, by token, as JSON",
      run_algorithm_explain, [](CLI::App& c, AlgorithmExplainOptions& o) {
        c.add_option("name", o.name, kAlgorithmHelp)->required();
        c.add_option("settings", o.settings, "settings of the algorithm, key=value");
        c.add_option("--batch", o.batch,
                     "the batch, a JSON file: one that a run saved, that `replay --batch` wrote, "
                     "or your own; -: standard input")
            ->required();
      });
}

void add_algorithm_check(const Commands& commands) {
  commands.add<CheckCommandOptions>(
      "check", "Whether an algorithm can be trusted: every check with pass, warn or fail",
      run_algorithm_check, [](CLI::App& c, CheckCommandOptions& o) {
        add_check_options(c, o, kAlgorithmHelp,
                          "settings of the algorithm, key=value; also variant=NAME");
      });
}

}  // namespace tinyzero
