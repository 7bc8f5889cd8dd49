#include "core/cli/torch/comparison_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/cli/terminal.h"
#include "core/compare/power.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

std::string percent(double share) { return fmt::format("{:.1f}", 100 * share); }

// "50.0 [40.0, 60.0]"; without an interval the value alone.
std::string interval_text(const Json& estimate, const char* format = "{:.1f}", double unit = 100) {
  if (estimate.is_null()) return "-";
  const auto text = [&](const char* field) {
    return fmt::format(fmt::runtime(format), unit * estimate[field].get<double>());
  };
  if (estimate["low"].is_null()) return text("value");
  return fmt::format("{} [{}, {}]", text("value"), text("low"), text("high"));
}

// A share of an estimate in percent, "-" if it is not known.
std::string part_text(const Json& estimate, const char* field) {
  return estimate.is_null() || estimate[field].is_null() ? "-" : percent(estimate[field]);
}

std::string p_text(const Json& p) {
  if (p.is_null()) return "-";
  const double value = p.get<double>();
  return value < 0.001 ? "<0.001" : fmt::format("{:.3f}", value);
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

// `axis`: the unit of the budget, over which the area is taken.
std::vector<std::string> row_of(const Json& arm, const std::string& axis) {
  const Json& area = arm["area"][axis];
  const Json& test = arm["test_accuracy"];
  return {arm["name"].get<std::string>(),
          interval_text(test),
          seeds_text(arm["runs"]),
          part_text(test, "deviation"),
          part_text(test, "problems"),
          area.is_null() ? "-" : percent(area["value"]),
          mean_of(arm["runs"], "tokens", 1000, "{:.0f}k"),
          mean_of(arm["runs"], "seconds", 1, "{:.0f}"),
          runs_text(arm)};
}

// One arm against another.
std::vector<std::string> verdict_row(const Json& pair, const std::string& name,
                                     const std::string& axis) {
  const Json& difference = pair["difference"];
  return {name,
          interval_text(difference, "{:+.1f}"),
          part_text(difference, "problems"),
          p_text(pair["p"]),
          p_text(pair["p_holm"]),
          interval_text(pair["probability_of_improvement"], "{:.2f}", 1),
          pair["verdict"].get<std::string>(),
          interval_text(pair["area_difference"][axis], "{:+.1f}")};
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

// The verdicts: of every arm against the first, or of all pairs. "" if there is one arm.
std::string verdict_table(const Json& summary, const std::string& axis) {
  std::vector<std::vector<std::string>> rows;
  const auto name = [](const Json& pair, const char* field) {
    return pair[field].get<std::string>();
  };
  if (summary.contains("pairs")) {
    for (const Json& pair : summary["pairs"])
      rows.push_back(verdict_row(pair, name(pair, "arm") + " - " + name(pair, "first"), axis));
  } else {
    for (const Json& arm : summary["arms"]) {
      if (!arm.contains("against_first")) continue;
      rows.push_back(verdict_row(arm["against_first"], arm["name"].get<std::string>(), axis));
    }
  }
  if (rows.empty()) return "";
  const std::string head = summary.contains("pairs")
                               ? "all pairs"
                               : "against " + summary["arms"][0]["name"].get<std::string>();
  rows.insert(rows.begin(), {head, "points [95 %]", "± problems", "p", "p (Holm)",
                             "P(better) [95 %]", "verdict", "area, points [95 %]"});
  return "\n" + aligned(rows);
}

// What the comparison's seeds can find, from how much differences spread.
std::string power_note(const Json& summary) {
  const std::vector<DifferenceSpread> spreads = measured_spreads(summary);
  const std::size_t seeds = summary["seeds"].size();
  if (spreads.empty() || seeds < 2) return "";
  const Json power = power_json(
      {spreads.back()},
      {.differences = {0.01, 0.02, 0.05}, .seeds = seeds, .verdicts = verdict_count(summary)});
  const Json& row = power["spreads"][0];
  std::string needs;
  for (const Json& need : row["needs"])
    needs += fmt::format("{}{} for {}", needs.empty() ? "" : ", ",
                         need["seeds"].is_null() ? "over 10000" : need["seeds"].dump(),
                         real_text(100 * need["difference"].get<double>()));
  return fmt::format(
      "power: {} seeds find a difference of {} points in 80 % of cases; seeds that one verdict "
      "takes, by points: {}\n",
      seeds, percent(row["detectable"]), needs);
}

// What few seeds are worth; "" from five on.
std::string seeds_note(std::size_t seeds) {
  if (seeds == 1)
    return "One seed is an anecdote: without others there is no interval and no verdict.\n";
  if (seeds >= 5) return "";
  return fmt::format("{} seeds are few: their intervals are as wide as they must be.\n", seeds);
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
  std::vector<std::vector<std::string>> rows = {{"arm", "test % [95 %]", "by seed", "spread",
                                                 "± problems", "area %", "tokens", "seconds",
                                                 "runs"}};
  for (const Json& arm : summary["arms"]) rows.push_back(row_of(arm, unit));
  std::string out = fmt::format(
      "\n{} · {} · {} · budget {} {} a run · {} test problems (set {})\n\n",
      summary["task"].get<std::string>(), summary["model"].get<std::string>(),
      counted(std::ssize(summary["seeds"]), "seed"),
      real_text(summary["budget"]["amount"].get<double>()), unit,
      summary["test"]["problems"].get<std::size_t>(), summary["test"]["set"].get<std::string>());
  out += aligned(rows) + verdict_table(summary, unit) + behaviour_table(summary["arms"]);
  out += fmt::format(
      "\ntest: mean over seeds, Student's interval · spread: standard deviation over seeds · ± "
      "problems: what other problems would add, 95 % · area: mean validation accuracy over the {} "
      "of the budget\nverdict: paired t test over seeds at 5 %, corrected for all verdicts "
      "(Holm)\n",
      unit);
  out += seeds_note(summary["seeds"].size()) + power_note(summary) + failures_text(summary["arms"]);
  for (const Json& warning : summary["warnings"])
    out += fmt::format("warning: {}\n", warning.get<std::string>());
  return out;
}

}  // namespace tinyzero
