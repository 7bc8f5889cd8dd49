#include "core/compare/metrics.h"

#include <fmt/format.h>

#include "core/base/json.h"

namespace tinyzero {

RunMetrics read_run_metrics(const fs::path& run) {
  RunMetrics out;
  const fs::path path = run / "metrics.jsonl";
  if (!fs::exists(path)) return out;
  const std::string text = read_file(path);
  std::size_t line = 1;
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1, ++line) {
    const Json record = parse_json(std::string_view(text).substr(at, end - at), fmt::format("{}:{}", path.string(), line));
    if (record.contains("tokens/spent"))
      out.last = {record.value("step", std::int64_t{0}), record.value("tokens/spent", 0.0), record.value("time/spent", 0.0), 0};
    if (!record.contains("eval/accuracy")) continue;
    out.curve.push_back(out.last);
    out.curve.back().accuracy = record.value("eval/accuracy", 0.0);
  }
  return out;
}

}  // namespace tinyzero
