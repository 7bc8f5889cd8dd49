// compare-test: the last step of each run of a comparison, in its own process.

#include "core/cli/delegated/compare.h"
#include "core/cli/plugins.h"
#include "core/compare/tested_run.h"

namespace tinyzero {

int run_compare_test(const GlobalOptions& global, const CompareTestOptions& options) {
  test_run(options.run, scan_plugins(global));
  return 0;
}

}  // namespace tinyzero
