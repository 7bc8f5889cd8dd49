// algorithm explain: what an algorithm makes of a batch.

#include <iostream>
#include <iterator>

#include "core/algorithm/explain.h"
#include "core/algorithm/plugin.h"
#include "core/base/file.h"
#include "core/cli/delegated/algorithm.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/settings_text.h"

namespace tinyzero {

int run_algorithm_explain(const GlobalOptions& global, const AlgorithmExplainOptions& options) {
  const Node settings = settings_from_words(options.settings);
  const ConfiguredAlgorithm configured =
      open_algorithm(scan_plugins(global), options.name, &settings);
  const bool piped = options.batch == "-";
  const std::string text =
      piped ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : read_file(options.batch);
  const std::string where = piped ? "standard input" : options.batch;
  print_json(explain(*configured.algorithm, batch_from_json(parse_json(text, where), where)));
  return 0;
}

}  // namespace tinyzero
