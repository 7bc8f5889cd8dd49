#include "core/report/run_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/config/document.h"
#include "core/config/yaml.h"
#include "core/run/run_folder.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kWarningsShown = 20;

std::string text_of(const Node& node) {
  if (node.kind == Node::Kind::scalar) return node.scalar;
  std::string out;
  for (const Node& item : node.items) out += (out.empty() ? "" : ", ") + text_of(item);
  for (const Entry& entry : node.entries)
    out += (out.empty() ? "" : ", ") + entry.name + ": " + text_of(entry.value);
  if (node.kind == Node::Kind::list) return "[" + out + "]";
  return node.kind == Node::Kind::map ? "{" + out + "}" : "null";
}

void flatten(const Node& node, const std::string& prefix,
             std::vector<std::pair<std::string, std::string>>& out) {
  for (const Entry& entry : node.entries) {
    const std::string key = prefix + entry.name;
    if (entry.value.kind == Node::Kind::map && !entry.value.entries.empty())
      flatten(entry.value, key + ".", out);
    else out.emplace_back(key, text_of(entry.value));
  }
}

double number(const Json& record, const std::string& name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_number() ? found->get<double>() : kMissing;
}

// Tokens that the run's steps so far have sampled, and all that they cost.
struct TokenSums {
  double sampled = 0;
  double spent = 0;
};

void append(Series& series, const Json& record, const TokenSums& tokens) {
  series.step.push_back(number(record, "step"));
  series.seconds.push_back(number(record, "seconds"));
  series.sampled.push_back(tokens.sampled);
  series.spent.push_back(tokens.spent);
  for (const auto& [name, value] : record.items()) {
    if (name == "step" || name == "seconds") continue;
    std::vector<double>& column = series.values[name];
    column.resize(series.size() - 1, kMissing);
    column.push_back(value.is_number() ? value.get<double>() : kMissing);
  }
  for (auto& [name, column] : series.values) column.resize(series.size(), kMissing);
}

bool has_prefix(const Json& record, std::string_view prefix) {
  return std::any_of(record.items().begin(), record.items().end(),
                     [&](const auto& entry) { return entry.key().starts_with(prefix); });
}

// `samples`: completions of a problem. Older programs did not record tokens/sampled.
void add_tokens(const Json& record, double samples, TokenSums& sums) {
  const double recorded = number(record, "tokens/sampled");
  const double computed =
      number(record, "train/length") * number(record, "train/sampled") * samples;
  sums.sampled += std::isfinite(recorded) ? recorded : std::isfinite(computed) ? computed : 0;
  sums.spent = number(record, "tokens/spent");
}

void read_metrics(RunData& run) {
  const fs::path path = run.place.folder / "metrics.jsonl";
  if (!fs::exists(path)) {
    run.notes.push_back("metrics.jsonl is missing: the run has not begun, or was moved without it");
    return;
  }
  const double samples = parse_real(run.setting("rollout.samples")).value_or(0);
  TokenSums tokens;
  std::size_t broken = 0;
  for_lines(read_file(path), [&](std::string_view line) {
    const Json record = parse_line(line);
    if (record.is_null() || !std::isfinite(number(record, "step"))) {
      ++broken;
    } else if (record.contains("warm_start/loss")) {
      append(run.warm, record, {});
    } else if (has_prefix(record, "eval/")) {
      append(run.eval, record, tokens);
    } else {
      add_tokens(record, samples, tokens);
      append(run.train, record, tokens);
    }
  });
  if (broken > 0)
    run.notes.push_back(fmt::format("metrics.jsonl: {} broken line{} left out", broken,
                                    broken == 1 ? " is" : "s are"));
  if (run.eval.size() == 0) run.notes.push_back("there is no evaluation yet");
}

void read_manifest(RunData& run) {
  try {
    run.manifest = parse_json(read_file(run.place.folder / "manifest.json"), "manifest.json");
  } catch (const Error&) {  // a report without it is still useful
    run.notes.push_back("manifest.json cannot be used: machine and versions are unknown");
  }
  if (!run.manifest.is_object()) run.manifest = nullptr;
}

// "2026-01-31 12:00:00  warning: words" -> "words".
void read_warnings(RunData& run) {
  if (!fs::exists(run.place.folder / "log.txt")) return;
  constexpr std::string_view kMark = "  warning: ";
  for_lines(read_file(run.place.folder / "log.txt"), [&](std::string_view line) {
    const std::size_t at = line.find(kMark);
    if (at != std::string_view::npos && run.warnings.size() < kWarningsShown)
      run.warnings.emplace_back(line.substr(at + kMark.size(), 500));
  });
}

void find_inside(const fs::path& folder, int depth, std::vector<fs::path>& out) {
  if (fs::exists(folder / "config.yaml")) {
    out.push_back(folder);
    return;
  }
  if (depth == 0) return;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(folder, unreadable)) {
    if (entry.is_directory() && !entry.path().filename().string().starts_with("."))
      find_inside(entry.path(), depth - 1, out);
  }
}

// The runs in {"arms": [{"name", "runs": [{"run": FOLDER}…]}…]} that have begun.
std::vector<RunPlace> listed_runs(const fs::path& folder, const Json& comparison) {
  std::vector<RunPlace> out;
  if (!comparison.is_object() || !comparison.contains("arms")) return out;
  for (const Json& arm : comparison["arms"]) {
    if (!arm.is_object() || !arm.contains("name") || !arm["name"].is_string() ||
        !arm.contains("runs"))
      continue;
    for (const Json& run : arm["runs"]) {
      if (!run.is_object() || !run.contains("run") || !run["run"].is_string()) continue;
      const fs::path place = (folder / run["run"].get<std::string>()).lexically_normal();
      if (fs::exists(place / "config.yaml")) out.push_back({place, arm["name"].get<std::string>()});
    }
  }
  return out;
}

RunData read_run(const RunPlace& place) {
  const RunFolder files = RunFolder::open(place.folder, RunFolder::Access::read);
  RunData run;
  run.place = place;
  run.name = (place.arm.empty() ? "" : place.arm + "/") + place.folder.filename().string();
  flatten(parse_yaml(read_file(files.config()), files.config().string()), "", run.settings);
  read_manifest(run);
  read_metrics(run);
  read_warnings(run);
  return run;
}

// "parent/folder", or "folder" at the root.
std::string name_with_parent(const fs::path& folder) {
  const std::string name = folder.filename().string();
  const std::string parent = folder.parent_path().filename().string();
  return parent.empty() ? name : parent + "/" + name;
}

}  // namespace

const std::vector<double>* Series::find(const std::string& name) const {
  const auto found = values.find(name);
  return found != values.end() ? &found->second : nullptr;
}

std::string RunData::setting(const std::string& key) const {
  for (const auto& [name, value] : settings) {
    if (name == key) return value;
  }
  return "";
}

Json parse_line(std::string_view line) {
  std::optional<Json> value = json_if_valid(line);
  // Bytes that are not UTF-8 cost a character, not the line.
  if (!value) value = json_if_valid(as_written(std::string(line)));
  return value && value->is_object() ? *value : Json();
}

Json read_comparison(const fs::path& folder) {
  const fs::path path = folder / "comparison.json";
  return fs::exists(path) ? parse_json(read_file(path), path.string()) : Json();
}

std::vector<RunPlace> find_runs(const fs::path& path) {
  if (!fs::exists(path))
    throw Error(path.string() + " does not exist", "give the folder of an earlier `train`");
  const fs::path folder = (fs::absolute(path) / "").lexically_normal().parent_path();
  std::vector<RunPlace> places = listed_runs(folder, read_comparison(folder));
  if (places.empty()) {
    std::vector<fs::path> found;
    find_inside(folder, 3, found);
    std::sort(found.begin(), found.end());
    for (const fs::path& run : found) places.push_back({run, ""});
  }
  if (places.empty())
    throw Error(
        path.string() + " is not a run folder and holds none: there is no config.yaml in it",
        "give the folder of an earlier `train`");
  return places;
}

std::vector<RunData> read_runs(const std::vector<RunPlace>& places) {
  std::vector<RunData> runs;
  std::map<std::string, int> times;
  for (const RunPlace& place : places) {
    runs.push_back(read_run(place));
    if (place.arm.empty()) ++times[runs.back().name];
  }
  for (RunData& run : runs) {
    if (run.place.arm.empty() && times[run.name] > 1) run.name = name_with_parent(run.place.folder);
  }
  return runs;
}

}  // namespace tinyzero
