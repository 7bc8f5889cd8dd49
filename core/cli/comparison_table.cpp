#include "core/cli/comparison_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/cli/terminal.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

std::string percent(double share) { return fmt::format("{:.1f}", 100 * share); }

std::string interval_text(const Json& estimate, const char* format = "{:.1f} [{:.1f}, {:.1f}]") {
  if (estimate.is_null()) return "-";
  return fmt::format(fmt::runtime(format), 100 * estimate["value"].get<double>(),
                     100 * estimate["low"].get<double>(), 100 * estimate["high"].get<double>());
}

// Mean over the runs that have the field; "-" if none has it.
std::string mean_of(const Json& runs, const char* field, double unit, const char* format) {
  double sum = 0, count = 0;
  for (const Json& run : runs) {
    if (!run.contains(field)) continue;
    sum += run[field].get<double>() / unit;
    count += 1;
  }
  return count > 0 ? fmt::format(fmt::runtime(format), sum / count) : "-";
}

// "69.1 70.3 -": a run that failed has no accuracy.
std::string seeds_text(const Json& runs) {
  std::string out;
  for (const Json& run : runs)
    out += (out.empty() ? "" : " ") +
           (run.contains("test_accuracy") ? percent(run["test_accuracy"]) : "-");
  return out;
}

// "3/5 (2 failed)".
std::string runs_text(const Json& arm) {
  const auto failed = arm["failed"].get<std::int64_t>();
  std::string out = fmt::format("{}/{}", arm["ok"].get<std::int64_t>(), arm["runs"].size());
  if (failed > 0) out += fmt::format(" ({} failed)", failed);
  return out;
}

// Difference to the first arm, probability of improvement, verdict; the first arm has none.
std::vector<std::string> against_cells(const Json& arm) {
  if (!arm.contains("against_first")) return {"", "", ""};
  const Json& against = arm["against_first"];
  const Json& better = against["probability_of_improvement"];
  return {interval_text(against["difference"], "{:+.1f} [{:+.1f}, {:+.1f}]"),
          better.is_null() ? "-" : fmt::format("{:.2f}", better["value"].get<double>()),
          against["verdict"].get<std::string>()};
}

// `axis`: the unit of the budget, over which the area is taken.
std::vector<std::string> row_of(const Json& arm, const std::string& axis) {
  const Json& area = arm["area"][axis];
  std::vector<std::string> row = {arm["name"].get<std::string>(),
                                  interval_text(arm["test_accuracy"]),
                                  seeds_text(arm["runs"]),
                                  area.is_null() ? "-" : percent(area["value"]),
                                  mean_of(arm["runs"], "tokens", 1000, "{:.0f}k"),
                                  mean_of(arm["runs"], "seconds", 1, "{:.0f}"),
                                  runs_text(arm)};
  for (std::string& cell : against_cells(arm)) row.push_back(std::move(cell));
  return row;
}

// Rows of cells as lines, each column as wide as its widest cell.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], text_columns(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i)
      text += row[i] + std::string(widths[i] - text_columns(row[i]) + 2, ' ');
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
  return out;
}

// A number of an arm's field, "-" if it is not there.
std::string cell_of(const Json& arm, const char* field, const std::string& name, double unit) {
  if (!arm.contains(field) || !arm[field].contains(name)) return "-";
  return fmt::format("{:.{}f}", unit * arm[field][name].get<double>(), unit == 1 ? 3 : 1);
}

// What the arms' completions of the test do: their lengths, pass@k and traits.
std::string behaviour_table(const Json& arms) {
  std::vector<std::vector<std::string>> rows = {{"completions of the test"}};
  for (const Json& arm : arms) rows.front().push_back(arm["name"].get<std::string>());
  const auto add = [&](const std::string& label, const auto& cell) {
    rows.push_back({label});
    for (const Json& arm : arms) rows.back().push_back(cell(arm));
  };
  add("temperature",
      [](const Json& arm) { return mean_of(arm["runs"], "test_temperature", 1, "{:.2f}"); });
  add("tokens", [](const Json& arm) { return mean_of(arm["runs"], "test_length", 1, "{:.1f}"); });
  add("cut %",
      [](const Json& arm) { return mean_of(arm["runs"], "test_truncated", 0.01, "{:.1f}"); });
  const auto add_all = [&](const char* field, const char* prefix, const char* suffix, double unit) {
    std::vector<std::string> names;
    for (const Json& arm : arms) {
      const Json all = arm.value(field, Json::object());
      for (const auto& [name, value] : all.items()) {
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
      }
    }
    for (const std::string& name : names)
      add(prefix + name + suffix, [&](const Json& arm) { return cell_of(arm, field, name, unit); });
  };
  add_all("pass_at", "pass@", " %", 100);
  add_all("traits", "", "", 1);
  return "\n" + aligned(rows);
}

// What few seeds are worth; "" from five on.
std::string seeds_note(std::size_t seeds) {
  if (seeds == 1)
    return "One seed is an anecdote: its intervals know nothing of what another seed would have "
           "given.\n";
  if (seeds >= 5) return "";
  return fmt::format(
      "{} seeds are few: intervals are narrower than 95 % (docs/comparing.md). Five or more can "
      "be trusted.\n",
      seeds);
}

std::string failures_text(const Json& arms) {
  std::string out;
  for (const Json& arm : arms) {
    for (const Json& run : arm["runs"]) {
      if (run["state"] != "failed") continue;
      out += fmt::format("failed: {} seed {}: {}\n", arm["name"].get<std::string>(),
                         run["seed"].get<std::int64_t>(), run["error"].get<std::string>());
    }
  }
  return out;
}

}  // namespace

std::string comparison_table(const Json& summary) {
  const std::string unit = summary["budget"]["unit"];
  const std::string first = summary["arms"][0]["name"];
  std::vector<std::vector<std::string>> rows = {
      {"arm", "test % [95 %]", "by seed", "area %", "tokens", "seconds", "runs",
       "against " + first + " [95 %]", "P(better)", "verdict"}};
  for (const Json& arm : summary["arms"]) rows.push_back(row_of(arm, unit));
  const std::size_t seeds = summary["seeds"].size();
  std::string out = fmt::format(
      "\n{} · {} · {} · budget {} {} a run · {} test problems (set {})\n\n",
      summary["task"].get<std::string>(), summary["model"].get<std::string>(),
      counted(std::ssize(summary["seeds"]), "seed"),
      real_text(summary["budget"]["amount"].get<double>()), unit,
      summary["test"]["problems"].get<std::size_t>(), summary["test"]["set"].get<std::string>());
  out += aligned(rows) + behaviour_table(summary["arms"]);
  out += fmt::format(
      "\ntest: interquartile mean over seeds · area: mean validation accuracy over the {} of the "
      "budget · all in percent\n",
      unit);
  out += seeds_note(seeds) + failures_text(summary["arms"]);
  for (const Json& warning : summary["warnings"])
    out += fmt::format("warning: {}\n", warning.get<std::string>());
  return out;
}

}  // namespace tinyzero
