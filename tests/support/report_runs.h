// Run folders as `train` writes them, for reports to read.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/report/page.h"
#include "core/report/run_data.h"
#include "support/temporary.h"

namespace tinyzero {

struct StepSize {
  int prompts = 2;
  int samples = 2;
};

// A run folder as `train` writes it: an evaluation every 10 steps, a completion of `completion` for
// every sample.
inline RunPlace write_run(const fs::path& folder, const std::string& settings, int steps,
                          const std::string& completion = "3+5", StepSize size = {}) {
  fs::create_directories(folder / "episodes");
  write_file_synced(folder / "config.yaml", settings);
  write_file_synced(
      folder / "manifest.json",
      R"({"version":"0.1.0","machine":{"processor":"a CPU","cores":2},"problem_set":"abc"})");
  std::string metrics;
  for (int s = 0; s <= steps; ++s) {
    if (s > 0)
      metrics += json_line({{"step", s},
                            {"seconds", 2.0 * s},
                            {"train/reward", 0.5},
                            {"train/length", 10.0},
                            {"train/sampled", size.prompts},
                            {"time/rollout", 1.5}}) +
                 "\n";
    if (s % 10 == 0)
      metrics += json_line({{"step", s},
                            {"seconds", 2.0 * s},
                            {"eval/accuracy", 0.01 * s},
                            {"eval/accuracy_low", 0.0},
                            {"eval/accuracy_high", 1.0},
                            {"eval/greedy", 0.5}}) +
                 "\n";
    if (s == 0) continue;
    std::string lines;
    for (int p = 0; p < size.prompts; ++p) {
      for (int k = 0; k < size.samples; ++k) {
        lines += json_line({{"step", s},
                            {"problem", p},
                            {"sample", k},
                            {"key", fmt::format("{} {}", s, p)},
                            {"prompt", fmt::format("problem {} of step {}", p, s)},
                            {"completion", completion},
                            {"reward", p == 0 ? 1.0 : 0.0},
                            {"outcome", "scored"},
                            {"reason", p == size.prompts - 1 ? "rare" : "wrong value"},
                            {"end", "eos"},
                            {"tokens", 3},
                            {"difficulty", 2.5}}) +
                 "\n";
      }
    }
    write_file_synced(folder / fmt::format("episodes/step-{:06d}.jsonl", s), lines);
  }
  write_file_synced(folder / "metrics.jsonl", metrics);
  return {folder, ""};
}

inline std::string settings(int seed, const std::string& algorithm, const std::string& more = "") {
  return fmt::format(
      "seed: {}\ntask: {{use: sums, largest: 9}}\nalgorithm: {{use: {}}}\nrollout: {{samples: "
      "2}}\n{}",
      seed, algorithm, more);
}

// The JSON that a page carries in the script element of this id.
inline Json carried(const std::string& html, const std::string& id) {
  const std::string open = "<script type=\"application/json\" id=\"" + id + "\">";
  const std::size_t from = html.find(open) + open.size();
  REQUIRE(from > open.size());
  return parse_json(html.substr(from, html.find("</script>", from) - from), id);
}

// The object "data" that the page of these runs carries.
inline Json page_data_of(const std::vector<RunPlace>& places) {
  return carried(make_report(read_runs(places), {}).html, "data");
}

}  // namespace tinyzero
