#include "core/report/run_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "core/config/document.h"
#include "core/run/run_folder.h"

namespace tinyzero {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kWarningsShown = 20;

std::string text_of(const Node& node) {
  if (node.kind == Node::Kind::scalar) return node.scalar;
  std::string out;
  for (const Node& item : node.items) out += (out.empty() ? "" : ", ") + text_of(item);
  for (const Entry& entry : node.entries) out += (out.empty() ? "" : ", ") + entry.name + ": " + text_of(entry.value);
  if (node.kind == Node::Kind::list) return "[" + out + "]";
  return node.kind == Node::Kind::map ? "{" + out + "}" : "null";
}

void flatten(const Node& node, const std::string& prefix, std::vector<std::pair<std::string, std::string>>& out) {
  for (const Entry& entry : node.entries) {
    const std::string key = prefix + entry.name;
    if (entry.value.kind == Node::Kind::map && !entry.value.entries.empty()) flatten(entry.value, key + ".", out);
    else out.emplace_back(key, text_of(entry.value));
  }
}

double number(const Json& record, const std::string& name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_number() ? found->get<double>() : kMissing;
}

void append(Series& series, const Json& record, double tokens) {
  series.step.push_back(number(record, "step"));
  series.seconds.push_back(number(record, "seconds"));
  series.tokens.push_back(tokens);
  for (const auto& [name, value] : record.items()) {
    if (name == "step" || name == "seconds") continue;
    std::vector<double>& column = series.values[name];
    column.resize(series.size() - 1, kMissing);
    column.push_back(value.is_number() ? value.get<double>() : kMissing);
  }
  for (auto& [name, column] : series.values) column.resize(series.size(), kMissing);
}

bool has_prefix(const Json& record, std::string_view prefix) {
  return std::any_of(record.items().begin(), record.items().end(), [&](const auto& entry) { return entry.key().starts_with(prefix); });
}

void read_metrics(RunData& run) {
  const fs::path path = run.folder / "metrics.jsonl";
  if (!fs::exists(path)) {
    run.notes.push_back("metrics.jsonl is missing: the run has not begun, or was moved without it");
    return;
  }
  const double samples = std::atof(run.setting("rollout.samples").c_str());
  double tokens = 0;
  std::size_t broken = 0;
  for_lines(read_file(path), [&](std::string_view line) {
    const Json record = parse_line(line);
    if (record.is_null() || !std::isfinite(number(record, "step"))) {
      ++broken;
    } else if (record.contains("warm_start/loss")) {
      append(run.warm, record, 0);
    } else if (has_prefix(record, "eval/")) {
      append(run.eval, record, tokens);
    } else {
      const double drawn = number(record, "train/length") * number(record, "train/sampled") * samples;
      tokens += std::isfinite(drawn) ? drawn : 0;
      append(run.train, record, tokens);
    }
  });
  if (broken > 0) run.notes.push_back(fmt::format("metrics.jsonl: {} broken line{} left out", broken, broken == 1 ? " is" : "s are"));
  if (run.eval.size() == 0) run.notes.push_back("there is no evaluation yet");
}

void read_manifest(RunData& run) {
  try {
    run.manifest = parse_json(read_file(run.folder / "manifest.json"), "manifest.json");
  } catch (const Error&) {  // a report without it is still of use
    run.notes.push_back("manifest.json cannot be used: machine and versions are unknown");
  }
  if (!run.manifest.is_object()) run.manifest = nullptr;
}

// "2026-01-31 12:00:00  warning: words" -> "words".
void read_warnings(RunData& run) {
  if (!fs::exists(run.folder / "log.txt")) return;
  constexpr std::string_view kMark = "  warning: ";
  for_lines(read_file(run.folder / "log.txt"), [&](std::string_view line) {
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
    if (entry.is_directory() && !entry.path().filename().string().starts_with(".")) find_inside(entry.path(), depth - 1, out);
  }
}

// The last `parts` names of a path.
std::string tail(const fs::path& path, int parts) {
  const fs::path name = path.filename();
  return parts <= 1 || !path.has_parent_path() || path.parent_path() == path ? name.string()
                                                                             : tail(path.parent_path(), parts - 1) + "/" + name.string();
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
  Json value = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) {  // written and read once, its bytes are UTF-8
    const std::string mended = Json::parse(json_line(std::string(line))).get<std::string>();
    value = Json::parse(mended, nullptr, false);
  }
  return value.is_object() ? value : Json();
}

std::vector<fs::path> find_runs(const fs::path& path) {
  if (!fs::exists(path)) throw Error(path.string() + " does not exist", "give the folder of an earlier `train`");
  std::vector<fs::path> runs;
  find_inside(fs::absolute(path).lexically_normal(), 3, runs);
  if (runs.empty())
    throw Error(path.string() + " is not a run folder and holds none: there is no config.yaml in it",
                "give the folder of an earlier `train`");
  std::sort(runs.begin(), runs.end());
  return runs;
}

RunData read_run(const fs::path& folder) {
  const RunFolder files = RunFolder::open(folder, RunFolder::Access::read);
  RunData run;
  run.folder = folder;
  run.name = folder.filename().string();
  flatten(parse_yaml(read_file(files.config()), files.config().string()), "", run.settings);
  read_manifest(run);
  read_metrics(run);
  read_warnings(run);
  return run;
}

std::vector<RunData> read_runs(const std::vector<fs::path>& folders) {
  std::vector<RunData> runs;
  for (const fs::path& folder : folders) runs.push_back(read_run(folder));
  std::map<std::string, int> times;
  for (const RunData& run : runs) ++times[run.name];
  for (RunData& run : runs) {
    if (times[run.name] > 1) run.name = tail(run.folder, 2);
  }
  return runs;
}

}  // namespace tinyzero
