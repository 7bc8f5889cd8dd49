#include "core/compare/metrics.h"

#include "core/run/run_folder.h"

namespace tinyzero {

RunMetrics read_run_metrics(const fs::path& run) {
  RunMetrics out;
  const fs::path path = run / "metrics.jsonl";
  if (!fs::exists(path)) return out;
  double point = -1;  // of the newest evaluation; below 0: it has none
  for (const Json& record : read_metrics(path)) {
    if (record.contains("tokens/spent"))
      out.last = {.step = record.value("step", std::int64_t{0}),
                  .tokens = record.value("tokens/spent", 0.0),
                  .seconds = record.value("time/spent", 0.0)};
    if (!record.contains("eval/accuracy")) continue;
    const double of_record = record.value("eval/point", -1.0);
    if (of_record >= 0 && of_record == point) out.curve.pop_back();
    point = of_record;
    out.curve.push_back(out.last);
    out.curve.back().accuracy = record.value("eval/accuracy", 0.0);
  }
  return out;
}

}  // namespace tinyzero
