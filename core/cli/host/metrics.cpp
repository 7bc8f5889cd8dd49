// metrics: what every name in metrics.jsonl means.

#include "core/run/metrics.h"

#include <CLI/CLI.hpp>

#include "core/cli/commands.h"
#include "core/cli/output.h"

namespace tinyzero {
namespace {

struct MetricsOptions {
  bool markdown = false;
};

int run_metrics(const GlobalOptions&, const MetricsOptions& options) {
  if (options.markdown) {
    print("{}", metrics_markdown());
    return 0;
  }
  for (const Metric& metric : metrics()) {
    const std::string unit = unit_text(metric.unit);
    print("{:28} {}{}\n", metric.name, metric.meaning, unit.empty() ? "" : " [" + unit + "]");
  }
  return 0;
}

}  // namespace

void add_metrics(const Commands& commands) {
  commands.add<MetricsOptions>("metrics", "What the names in a run's metrics.jsonl mean",
                               run_metrics, [](CLI::App& c, MetricsOptions& o) {
                                 c.add_flag("--markdown", o.markdown,
                                            "As docs/metrics.md has them");
                               });
}

}  // namespace tinyzero
