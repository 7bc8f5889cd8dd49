#include "core/report/page_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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
    if (std::isfinite(values[row]))
      out.push_back(static_cast<std::int64_t>(std::llround(values[row])));
    else out.push_back(nullptr);
  }
  return out;
}

// Every k-th row and the last, at most about `most`.
std::vector<std::size_t> thin(std::size_t rows, std::size_t most, std::size_t& every) {
  every = std::max<std::size_t>(1, (rows + most - 1) / std::max<std::size_t>(1, most));
  std::vector<std::size_t> out;
  for (std::size_t row = 0; row < rows; row += every) out.push_back(row);
  if (rows > 0 && out.back() != rows - 1) out.push_back(rows - 1);
  return out;
}

Json series_json(const Series& series, bool spent, std::size_t most) {
  std::size_t every = 1;
  const auto rows = thin(series.size(), most, every);
  Json values = Json::object(), seconds = Json::array();
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

// Seconds by what they went to. The clock of the run goes on through all of it, so that what is
// left over is known.
Json time_json(const RunData& run) {
  const double total =
      std::max({last_seconds(run.warm), last_seconds(run.train), last_seconds(run.eval)});
  double left = total;
  Json parts = Json::array();
  const auto part = [&](const char* name, double seconds) {
    if (seconds <= 0) return;
    parts.push_back({{"name", name}, {"seconds", shown_number(seconds)}});
    left -= seconds;
  };
  part("warm start", last_seconds(run.warm));
  part("rollout", sum(run.train, "time/rollout"));
  part("scoring", sum(run.train, "time/score"));
  part("update", sum(run.train, "time/update"));
  part("evaluation", sum(run.eval, "time/eval"));
  part("other", left > total * 0.001 ? left : 0);
  return {{"total", shown_number(total)}, {"parts", parts}};
}

Json evaluation_json(const Series& eval, std::size_t row) {
  Json out = {{"step", static_cast<std::int64_t>(eval.step[row])}};
  for (const char* name : {"accuracy", "accuracy_low", "accuracy_high", "greedy"}) {
    const auto* column = eval.find(std::string("eval/") + name);
    out[name] = column != nullptr ? shown_number((*column)[row]) : Json();
  }
  return out;
}

// First, best and last evaluation that has an accuracy.
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

// Steps that the run is to take; 0: a budget ends it, nobody knows when.
std::int64_t planned_steps(const RunData& run) {
  for (const char* budget : {"train.budget_tokens", "train.budget_seconds"}) {
    if (parse_real(run.setting(budget)).value_or(0) > 0) return 0;
  }
  return parse_integer(run.setting("train.steps")).value_or(0);
}

Json run_json(const RunData& run, std::size_t group, bool spent, std::size_t most) {
  const std::string preset = run.setting("model.preset"), path = run.setting("model.path");
  const std::string cores = machine_word(run, "cores"), processor = machine_word(run, "processor");
  return {{"name", run.name},
          {"group", group},
          {"seed", run.setting("seed")},
          {"task", short_name(run.setting("task.use"))},
          {"algorithm", short_name(run.setting("algorithm.use"))},
          {"model", preset.empty() ? short_name(path) : preset},
          {"machine", processor.empty()
                          ? ""
                          : fmt::format("{}{} {}", cores, cores.empty() ? "" : " ×", processor)},
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

// What a run was made with, beside its settings: the same in all, or by run.
Json made_with_json(const std::vector<RunData>& runs) {
  std::vector<std::pair<std::string, std::vector<std::string>>> rows;
  const auto row = [&](const std::string& name, const auto& value) {
    std::vector<std::string> values;
    for (const RunData& run : runs) values.push_back(value(run));
    rows.emplace_back(name, values);
  };
  for (const char* name : {"version", "compiler", "libtorch", "problem_set"})
    row(name, [&](const RunData& r) { return word(r.manifest, name); });
  for (const char* name : {"system", "processor", "cores", "kernels"})
    row(std::string("machine.") + name, [&](const RunData& r) { return machine_word(r, name); });
  row("program", [](const RunData& r) {
    return r.manifest.is_object() && r.manifest.contains("program")
               ? word(r.manifest["program"], "xxh3")
               : "";
  });
  std::set<std::string> plugins;
  const auto plugin_hash = [](const RunData& run, const std::string& name) -> std::string {
    if (!run.manifest.is_object() || !run.manifest.contains("plugins")) return "";
    for (const Json& plugin : run.manifest["plugins"]) {
      if (fs::path(word(plugin, "path")).filename() == name) return word(plugin, "xxh3");
    }
    return "";
  };
  for (const RunData& run : runs) {
    if (!run.manifest.is_object() || !run.manifest.contains("plugins")) continue;
    for (const Json& plugin : run.manifest["plugins"])
      plugins.insert(fs::path(word(plugin, "path")).filename().string());
  }
  for (const std::string& name : plugins)
    row("plugin " + name, [&](const RunData& r) { return plugin_hash(r, name); });
  Json different = Json::array(), equal = Json::array();
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

// What a reader must know before they compare.
Json cautions(const std::vector<RunData>& runs, const std::vector<RunGroup>& groups) {
  Json out = Json::array();
  std::set<std::string> sets, tasks;
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
  return metric->curve == Curve::shown ? "shown" : metric->curve == Curve::folded ? "folded" : "hidden";
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
  Json different = Json::array(), equal = Json::array();
  for (const SettingRow& row : differences.different)
    different.push_back({{"key", row.key}, {"values", row.values}});
  for (const auto& [key, value] : differences.equal) equal.push_back({key, value});
  return {{"different", different}, {"equal", equal}};
}

}  // namespace

Json page_data(const std::vector<RunData>& runs, const std::vector<RunGroup>& groups,
               const CurveLimits& limits) {
  const std::size_t most =
      std::clamp<std::size_t>(limits.points / runs.size(), 50, limits.run_points);
  // Where every run has counted all that RL cost, tokens are that.
  const bool spent =
      std::all_of(runs.begin(), runs.end(),
                  [](const RunData& run) {
                    return std::all_of(run.train.spent.begin(), run.train.spent.end(),
                                       [](double tokens) { return std::isfinite(tokens); });
                  }) &&
      std::any_of(runs.begin(), runs.end(),
                  [](const RunData& run) { return run.train.size() > 0; });
  Json group_list = Json::array(), run_list = Json::array();
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
