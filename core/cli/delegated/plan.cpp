#include "core/cli/delegated/plan.h"

#include "core/cli/option_checks.h"

namespace tinyzero {

void add_plan(const Commands& commands) {
  commands.add<PlanOptions>(
      "plan",
      "Memory and time that a run will need: measured here in a few seconds, or predicted for a "
      "GPU",
      run_plan, [](CLI::App& c, PlanOptions& o) {
        add_config_options(c, o);
        c.add_option(
            "--gpu", o.gpu,
            "predict memory and time on a GPU, on paper: h100, h200, a100, 4090; or gigabytes, for "
            "memory alone. The model's folder needs config.json and tokenizer.json");
        CLI::Option* ranks =
            c.add_option("--ranks", o.ranks,
                         "also predict memory and time of 1, 2, 4 … up to so many ranks, each on a "
                         "machine like this one")
                ->check(CLI::Range(1, 4096))
                ->excludes("--gpu");
        c.add_option("--link", o.link,
                     "GB/s between ranks, as `doctor --ranks` measures them; without it, 1, 10 and "
                     "100 Gb/s are compared")
            ->check(CLI::Range(1e-3, 1e4))
            ->needs(ranks);
      });
}

}  // namespace tinyzero
