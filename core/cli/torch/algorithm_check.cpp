// algorithm check: every check of core/algorithm on one algorithm.

#include <filesystem>

#include "core/algorithm/check.h"
#include "core/cli/check_report.h"
#include "core/cli/delegated/algorithm.h"
#include "core/cli/plugins.h"
#include "core/cli/settings_text.h"
#include "core/plugin/library.h"
#include "tinyzero/note.h"

namespace tinyzero {

int run_algorithm_check(const GlobalOptions& global, const CheckCommandOptions& options) {
  AlgorithmCheckOptions check;
  check.library = std::filesystem::absolute(
      scan_plugins(global).find(TINYZERO_NOTE_ALGORITHM, options.name).path);
  check.settings = settings_from_words(options.settings);
  check.seed = static_cast<std::uint64_t>(options.seed);
  require_known(options.only, algorithm_check_names());
  check_algorithm_opens(check);
  return report_checks({.library = check.library.string(),
                        .seed = options.seed,
                        .only = options.only,
                        .json = options.json},
                       algorithm_check_names(),
                       [&](const std::string& name) { return run_algorithm_check(name, check); });
}

}  // namespace tinyzero
