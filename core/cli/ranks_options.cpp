#include "core/cli/ranks_options.h"

#include "core/cli/option_checks.h"

namespace tinyzero {

std::vector<CLI::Option*> add_ranks_options(CLI::App& command, RanksOptions& options) {
  CLI::Option* const timeout =
      command
          .add_option("--ranks-timeout", options.timeout,
                      "with several ranks (mpirun, srun, torchrun): seconds that one waits for "
                      "another before all end with an error")
          ->capture_default_str()
          ->check(between(1, 86400));
  CLI::Option* const interface =
      command.add_option("--ranks-interface", options.interface,
                         "network interface for ranks on several machines, such as eth0");
  return {timeout, interface};
}

}  // namespace tinyzero
