#include "core/report/page_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/run/metrics.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

// Five significant digits: more cannot be seen, and the file is a third of the size.
Json shown_number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return parse_real(fmt::format("{:.5g}", value)).value();
}

Json whole_numbers(const std::vector<double>& values, const std::vector<std::size_t>& rows) {
  Json out = Json::array();
  for (const std::size_t row : rows) {
    out.push_back(std::isfinite(values[row]) ? Json(std::llround(values[row])) : Json());
  }
  return out;
}

// How many rows there are for each one that is drawn, if about `most` may be.
std::size_t stride_of(std::size_t rows, std::size_t most) {
  return std::max<std::size_t>(1, (rows + most - 1) / std::max<std::size_t>(1, most));
}

// Every k-th row and the last.
std::vector<std::size_t> thin(std::size_t rows, std::size_t every) {
  std::vector<std::size_t> out;
  for (std::size_t row = 0; row < rows; row += every) out.push_back(row);
  if (rows > 0 && out.back() != rows - 1) out.push_back(rows - 1);
  return out;
}

Json series_json(const Series& series, bool spent, std::size_t most) {
  const std::size_t every = stride_of(series.size(), most);
  const auto rows = thin(series.size(), every);
  Json values = Json::object();
  Json seconds = Json::array();
  for (const std::size_t row : rows)
    seconds.push_back(std::isfinite(series.seconds[row])
                          ? Json(std::round(series.seconds[row] * 10) / 10)
                          : Json());
  for (const auto& [name, column] : series.values) {
    Json out = Json::array();
    for (const std::size_t row : rows) out.push_back(shown_number(column[row]));
    values[name] = out;
  }
  return {{"every", every},
          {"of", series.size()},
          {"step", whole_numbers(series.step, rows)},
          {"seconds", seconds},
          {"tokens", whole_numbers(spent ? series.spent : series.sampled, rows)},
          {"values", values}};
}

double sum(const Series& series, const std::string& name) {
  double total = 0;
  if (const auto* column = series.find(name)) {
    for (const double value : *column) total += std::isfinite(value) ? value : 0;
  }
  return total;
}

double last_seconds(const Series& series) {
  return series.size() > 0 && std::isfinite(series.seconds.back()) ? series.seconds.back() : 0;
}

// Seconds by what they were spent on. The run's clock also counts everything else, which is
// "other".
Json time_json(const RunData& run) {
  const double total =
      std::max({last_seconds(run.warm), last_seconds(run.train), last_seconds(run.eval)});
  double other = total;
  Json shares = Json::array();
  const auto add = [&](const char* name, double seconds) {
    if (seconds <= 0) return;
    shares.push_back({{"name", name}, {"seconds", shown_number(seconds)}});
    other -= seconds;
  };
  add("warm start", last_seconds(run.warm));
  const double await = sum(run.train, "time/await");
  if (await > 0) {  // sampling and judging ran beside the updates
    add("waiting for samples", await);
  } else {
    add("rollout", sum(run.train, "time/rollout"));
    add("scoring", sum(run.train, "time/score"));
  }
  add("update", sum(run.train, "time/update"));
  add("evaluation", sum(run.eval, "time/eval"));
  add("other", other > total * 0.001 ? other : 0);
  return {{"total", shown_number(total)}, {"parts", shares}};
}

Json evaluation_json(const Series& eval, std::size_t row) {
  Json out = {{"step", static_cast<std::int64_t>(eval.step[row])}};
  for (const char* name : {"accuracy", "accuracy_low", "accuracy_high", "greedy"}) {
    const auto* column = eval.find(std::string("eval/") + name);
    out[name] = column != nullptr ? shown_number((*column)[row]) : Json();
  }
  return out;
}

// The first, the best and the last evaluation with an accuracy.
Json evaluations_json(const Series& eval) {
  const auto* accuracy = eval.find("eval/accuracy");
  if (accuracy == nullptr) return nullptr;
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < eval.size(); ++row) {
    if (std::isfinite((*accuracy)[row])) rows.push_back(row);
  }
  if (rows.empty()) return nullptr;
  const std::size_t best = *std::max_element(
      rows.begin(), rows.end(),
      [&](std::size_t a, std::size_t b) { return (*accuracy)[a] < (*accuracy)[b]; });
  return {{"first", evaluation_json(eval, rows.front())},
          {"best", evaluation_json(eval, best)},
          {"last", evaluation_json(eval, rows.back())}};
}

// A name or the last part of a path.
std::string short_name(const std::string& value) {
  return value.find('/') == std::string::npos ? value : fs::path(value).filename().string();
}

// A field as text; "" if it is not there.
std::string word(const Json& object, const char* name) {
  if (!object.is_object() || !object.contains(name)) return "";
  const Json& value = object[name];
  return value.is_string() ? value.get<std::string>() : json_line(value);
}

std::string machine_word(const RunData& run, const char* name) {
  return run.manifest.is_object() && run.manifest.contains("machine")
             ? word(run.manifest["machine"], name)
             : "";
}

// "2 × a CPU"; "" if the manifest names none.
std::string machine_text(const RunData& run) {
  const std::string cores = machine_word(run, "cores");
  const std::string processor = machine_word(run, "processor");
  if (processor.empty()) return "";
  return fmt::format("{}{} {}", cores, cores.empty() ? "" : " ×", processor);
}

// Steps that the run is to take; 0: a budget ends it, nobody knows when.
std::int64_t planned_steps(const RunData& run) {
  for (const char* budget : {"train.budget_tokens", "train.budget_seconds"}) {
    if (parse_real(run.setting(budget)).value_or(0) > 0) return 0;
  }
  return parse_integer(run.setting("train.steps")).value_or(0);
}

Json run_json(const RunData& run, std::size_t group, bool spent, std::size_t most) {
  const std::string preset = run.setting("model.preset");
  const std::string path = run.setting("model.path");
  return {{"name", run.name},
          {"group", group},
          {"seed", run.setting("seed")},
          {"task", short_name(run.setting("task.use"))},
          {"algorithm", short_name(run.setting("algorithm.use"))},
          {"model", preset.empty() ? short_name(path) : preset},
          {"machine", machine_text(run)},
          {"steps", run.train.size() > 0 && std::isfinite(run.train.step.back())
                        ? static_cast<std::int64_t>(run.train.step.back())
                        : 0},
          {"planned", planned_steps(run)},
          {"tokens", run.train.size() > 0
                         ? std::llround((spent ? run.train.spent : run.train.sampled).back())
                         : 0},
          {"evaluations", evaluations_json(run.eval)},
          {"time", time_json(run)},
          {"warnings", run.warnings},
          {"notes", run.notes},
          {"train", series_json(run.train, spent, most)},
          {"eval", series_json(run.eval, spent, most)},
          {"warm", series_json(run.warm, spent, most)}};
}

// Names and hashes of the plugins in a manifest.
std::map<std::string, std::string> plugin_hashes(const RunData& run) {
  std::map<std::string, std::string> hashes;
  if (!run.manifest.is_object() || !run.manifest.contains("plugins")) return hashes;
  for (const Json& plugin : run.manifest["plugins"])
    hashes.try_emplace(fs::path(word(plugin, "path")).filename().string(), word(plugin, "xxh3"));
  return hashes;
}

std::string program_hash(const RunData& run) {
  return run.manifest.is_object() && run.manifest.contains("program")
             ? word(run.manifest["program"], "xxh3")
             : "";
}

// What a run was made with, beside its settings, as names and values.
std::vector<std::pair<std::string, std::string>> made_with(const RunData& run) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const char* name : {"version", "compiler", "libtorch", "problem_set"})
    rows.emplace_back(name, word(run.manifest, name));
  for (const char* name : {"system", "processor", "cores", "kernels"})
    rows.emplace_back(std::string("machine.") + name, machine_word(run, name));
  rows.emplace_back("program", program_hash(run));
  return rows;
}

// Rows with a value for each run, divided into those that differ and those that do not.
Json compared_rows(const std::vector<SettingRow>& rows) {
  Json different = Json::array();
  Json equal = Json::array();
  for (const auto& [name, values] : rows) {
    if (std::all_of(values.begin(), values.end(),
                    [&](const std::string& v) { return v == values.front(); })) {
      if (!values.front().empty()) equal.push_back({name, values.front()});
    } else {
      different.push_back({{"key", name}, {"values", values}});
    }
  }
  return {{"different", different}, {"equal", equal}};
}

Json made_with_json(const std::vector<RunData>& runs) {
  std::vector<SettingRow> rows;
  for (const auto& [name, value] : made_with(runs.front())) rows.push_back({name, {}});
  std::set<std::string> plugins;
  for (const RunData& run : runs) {
    const auto own = made_with(run);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].values.push_back(own[i].second);
    for (const auto& [name, hash] : plugin_hashes(run)) plugins.insert(name);
  }
  for (const std::string& name : plugins) {
    SettingRow row{"plugin " + name, {}};
    for (const RunData& run : runs) row.values.push_back(plugin_hashes(run)[name]);
    rows.push_back(std::move(row));
  }
  return compared_rows(rows);
}

// What a reader must know before comparing the runs.
Json cautions(const std::vector<RunData>& runs, const std::vector<RunGroup>& groups) {
  Json out = Json::array();
  std::set<std::string> sets;
  std::set<std::string> tasks;
  for (const RunData& run : runs) {
    if (const std::string set = word(run.manifest, "problem_set"); !set.empty()) sets.insert(set);
    tasks.insert(run.setting("task.use"));
  }
  if (sets.size() > 1)
    out.push_back(
        "The runs were evaluated on different problems: their accuracies are not comparable.");
  else if (tasks.size() > 1)
    out.push_back("The runs have different tasks: their accuracies are not comparable.");
  if (groups.size() > 1 && std::any_of(groups.begin(), groups.end(),
                                       [](const RunGroup& g) { return g.runs.size() == 1; }))
    out.push_back(
        "Some settings were run with one seed only: a difference to another curve may be luck.");
  return out;
}

// A sentence of the table of metrics without its Markdown.
std::string plain_text(std::string_view markdown) {
  std::string out(markdown);
  std::erase(out, '`');
  return out;
}

const char* curve_name(const Metric* metric) {
  if (metric == nullptr) return "folded";
  return metric->curve == Curve::shown    ? "shown"
         : metric->curve == Curve::folded ? "folded"
                                          : "hidden";
}

// The metrics that a run recorded, in the order of their table.
Json metrics_json(const std::vector<RunData>& runs) {
  std::set<std::string> names;
  for (const RunData& run : runs) {
    for (const Series* series : {&run.train, &run.eval, &run.warm})
      for (const auto& [name, column] : series->values) names.insert(name);
  }
  std::vector<std::string> sorted(names.begin(), names.end());
  sort_metrics(sorted);
  Json out = Json::array();
  for (const std::string& name : sorted) {
    const Metric* metric = find_metric(name);
    out.push_back({{"name", name},
                   {"title", metric_title(name)},
                   {"unit", metric != nullptr ? unit_text(metric->unit) : ""},
                   {"hint", metric != nullptr ? plain_text(metric->meaning) : ""},
                   {"curve", curve_name(metric)}});
  }
  return out;
}

Json settings_json(const std::vector<RunData>& runs, const std::vector<RunGroup>& groups) {
  const SettingDifferences differences = compare_settings(runs, groups);
  Json different = Json::array();
  Json equal = Json::array();
  for (const SettingRow& row : differences.different)
    different.push_back({{"key", row.key}, {"values", row.values}});
  for (const auto& [key, value] : differences.equal) equal.push_back({key, value});
  return {{"different", different}, {"equal", equal}};
}

// Whether every run has recorded all tokens that RL cost, so that curves can be drawn over them.
bool count_spent(const std::vector<RunData>& runs) {
  const auto is_known = [](double tokens) { return std::isfinite(tokens); };
  bool has_steps = false;
  for (const RunData& run : runs) {
    if (!std::all_of(run.train.spent.begin(), run.train.spent.end(), is_known)) return false;
    has_steps = has_steps || run.train.size() > 0;
  }
  return has_steps;
}

}  // namespace

Json page_data(const std::vector<RunData>& runs, const std::vector<RunGroup>& groups,
               const CurveLimits& limits) {
  const std::size_t most =
      std::clamp<std::size_t>(limits.points / runs.size(), 50, limits.run_points);
  const bool spent = count_spent(runs);
  Json group_list = Json::array();
  Json run_list = Json::array();
  std::vector<std::size_t> group_of(runs.size());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    group_list.push_back({{"label", groups[g].label}, {"runs", groups[g].runs}});
    for (const std::size_t r : groups[g].runs) group_of[r] = g;
  }
  for (std::size_t r = 0; r < runs.size(); ++r)
    run_list.push_back(run_json(runs[r], group_of[r], spent, most));
  return {{"cautions", cautions(runs, groups)},
          {"spent", spent},
          {"metrics", metrics_json(runs)},
          {"groups", group_list},
          {"runs", run_list},
          {"settings", settings_json(runs, groups)},
          {"made", made_with_json(runs)}};
}

}  // namespace tinyzero
