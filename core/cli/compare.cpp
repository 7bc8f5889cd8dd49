// compare: arms and seeds of a comparison, each an ordinary run, then a table. compare-test: the
// last step of each run, in its own process.

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/dll/runtime_symbol_info.hpp>
#include <chrono>

#include "core/base/error.h"
#include "core/base/lock.h"
#include "core/base/shell_word.h"
#include "core/base/told_error.h"
#include "core/cli/interrupt.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/screen.h"
#include "core/cli/terminal.h"
#include "core/compare/metrics.h"
#include "core/compare/summary.h"
#include "core/compare/tested_run.h"
#include "core/train/opened_run.h"

namespace tinyzero {
namespace {

constexpr int kLastStop = 3;  // the first asks runs to end, the second ends them

// Makes the comparison's folder, or takes one that is there; held by one process at a time.
struct HeldFolder {
  FileHandle file;
  FileLock lock;
};
HeldFolder take_folder(const fs::path& folder) {
  std::error_code problem;
  const bool filled =
      fs::exists(folder) && (!fs::is_directory(folder) || !fs::is_empty(folder, problem));
  if (filled && (!fs::exists(folder / ".lock") || fs::exists(folder / "config.yaml")))
    throw Error(folder.string() + " exists already and is no comparison",
                "choose another folder with --run");
  fs::create_directories(folder, problem);
  if (problem)
    throw Error("cannot make the folder " + folder.string() + ": " + system_words(problem.value()),
                "choose a folder you may write to with --run");
  const fs::path path = folder / ".lock";
  HeldFolder held{FileHandle(path, O_RDWR | O_CREAT | O_NOFOLLOW), {}};
  if (const auto holder = held.lock.take(held.file, path))
    throw Error(holder->name() + " works on the comparison " + folder.string(),
                holder->hint("wait for it, or choose another folder with --run"));
  return held;
}

// The command that goes on, for a person to type.
std::string command_text(const GlobalOptions& global) {
  std::string command = "tinyzero";
  for (const std::string& word : global.arguments) command += " " + shell_word(word);
  return command;
}

std::string run_name(const Comparison& comparison, const PlannedRun& run) {
  return fmt::format("{} seed {}", run.arm ? comparison.arms[*run.arm].name : "start", run.seed);
}

std::string budget_text(const ComparisonBudget& budget) {
  return fmt::format("{} {}", real_text(budget.amount()), budget.unit());
}

std::string percent(double share) { return fmt::format("{:.1f}", 100 * share); }

// A line for each run that ends; on a terminal one that lives below.
class CompareView : public RunnerObserver {
 public:
  CompareView(const Comparison& comparison, const ComparisonPlan& plan, fs::path folder,
              Screen& screen)
      : comparison_(comparison), plan_(plan), folder_(std::move(folder)), screen_(screen) {}

  void began(const PlannedRun& run, bool resumed) override {
    if (screen_.columns() == 0 || resumed)
      screen_.line(
          fmt::format("{:<24} {}", run_name(comparison_, run), resumed ? "goes on" : "begins"));
  }

  void ended(const PlannedRun& run, const RunProgress& progress) override {
    const std::string name = run_name(comparison_, run);
    if (progress.state == RunState::failed)
      return screen_.line(fmt::format("{:<24} FAILED: {}", name, progress.error));
    const auto tested = run.arm ? read_tested_run(folder_ / run.folder) : std::nullopt;
    if (!tested) return screen_.line(fmt::format("{:<24} done", name));
    const CurvePoint last = read_run_metrics(folder_ / run.folder).last;
    screen_.line(fmt::format(
        "{:<24} test {:>5} % · validation {:>5} % at step {} of {} · {:.0f}k tokens · {}", name,
        percent(tested->accuracy()), percent(tested->validation_accuracy), tested->selected_step,
        last.step, last.tokens / 1000, duration_text(last.seconds)));
  }

  void tick(const std::vector<RunProgress>& runs) override {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::seconds(1)) return;  // it reads the runs' metrics
    last_ = now;
    screen_.live([&](std::size_t) {
      std::size_t over = 0;
      std::string busy;
      for (std::size_t i = 0; i < runs.size(); ++i) {
        over += runs[i].state == RunState::done || runs[i].state == RunState::failed ? 1 : 0;
        if (runs[i].state == RunState::running)
          busy += fmt::format(" · {} step {}", run_name(comparison_, plan_.runs[i]),
                              read_run_metrics(folder_ / plan_.runs[i].folder).last.step);
      }
      return fmt::format("{} of {} runs{}", over, runs.size(), busy);
    });
  }

 private:
  const Comparison& comparison_;
  const ComparisonPlan& plan_;
  const fs::path folder_;
  Screen& screen_;
  std::chrono::steady_clock::time_point last_;
};

std::string interval_text(const Json& estimate, const char* format = "{:.1f} [{:.1f}, {:.1f}]") {
  if (estimate.is_null()) return "-";
  return fmt::format(fmt::runtime(format), 100 * estimate["value"].get<double>(),
                     100 * estimate["low"].get<double>(), 100 * estimate["high"].get<double>());
}

// Mean over the runs that ended well; "-" if there are none.
std::string mean_of(const Json& runs, const char* field, double unit, const char* format) {
  double sum = 0, count = 0;
  for (const Json& run : runs) {
    if (!run.contains(field)) continue;
    sum += run[field].get<double>() / unit;
    count += 1;
  }
  return count > 0 ? fmt::format(fmt::runtime(format), sum / count) : "-";
}

std::vector<std::string> row_of(const Json& arm, const std::string& axis) {
  std::string seeds;
  for (const Json& run : arm["runs"])
    seeds += (seeds.empty() ? "" : " ") +
             (run.contains("test_accuracy") ? percent(run["test_accuracy"]) : "-");
  const auto ok = arm["ok"].get<std::int64_t>(), failed = arm["failed"].get<std::int64_t>();
  std::string runs = fmt::format("{}/{}", ok, arm["runs"].size());
  if (failed > 0) runs += fmt::format(" ({} failed)", failed);
  std::vector<std::string> row = {arm["name"].get<std::string>(),
                                  interval_text(arm["test_accuracy"]), seeds};
  row.push_back(arm["area"][axis].is_null() ? "-" : percent(arm["area"][axis]["value"]));
  row.push_back(mean_of(arm["runs"], "tokens", 1000, "{:.0f}k"));
  row.push_back(mean_of(arm["runs"], "seconds", 1, "{:.0f}"));
  row.push_back(runs);
  if (!arm.contains("against_first")) return row.insert(row.end(), {"", "", ""}), row;
  const Json& against = arm["against_first"];
  row.push_back(interval_text(against["difference"], "{:+.1f} [{:+.1f}, {:+.1f}]"));
  row.push_back(
      against["probability_of_improvement"].is_null()
          ? "-"
          : fmt::format("{:.2f}", against["probability_of_improvement"]["value"].get<double>()));
  row.push_back(against["verdict"].get<std::string>());
  return row;
}

// Columns of a width, a word of several bytes counted by its characters.
void print_rows(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], text_columns(row[i]));
  }
  for (const auto& row : rows) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i)
      text += row[i] + std::string(widths[i] - text_columns(row[i]) + 2, ' ');
    text.erase(text.find_last_not_of(' ') + 1);
    print("{}\n", text);
  }
}

void print_notes(const Json& summary) {
  const std::size_t seeds = summary["seeds"].size();
  if (seeds == 1)
    print(
        "One seed is an anecdote: its intervals know nothing of what another seed would have "
        "given.\n");
  else if (seeds < 5)
    print(
        "{} seeds are few: intervals are narrower than 95 % (docs/comparing.md). Five or more can "
        "be trusted.\n",
        seeds);
  for (const Json& arm : summary["arms"]) {
    for (const Json& run : arm["runs"]) {
      if (run["state"] == "failed")
        print("failed: {} seed {}: {}\n", arm["name"].get<std::string>(),
              run["seed"].get<std::int64_t>(), run["error"].get<std::string>());
    }
  }
  for (const Json& warning : summary["warnings"])
    print("warning: {}\n", warning.get<std::string>());
}

void print_summary(const Json& summary, const fs::path& folder) {
  const std::string unit = summary["budget"]["unit"];
  const std::string first = summary["arms"][0]["name"];
  std::vector<std::vector<std::string>> rows = {
      {"arm", "test % [95 %]", "by seed", "area %", "tokens", "seconds", "runs",
       "against " + first + " [95 %]", "P(better)", "verdict"}};
  for (const Json& arm : summary["arms"]) rows.push_back(row_of(arm, unit));
  print("\n{} · {} · {} seed{} · budget {} {} a run · {} test problems (set {})\n\n",
        summary["task"].get<std::string>(), summary["model"].get<std::string>(),
        summary["seeds"].size(), summary["seeds"].size() == 1 ? "" : "s",
        real_text(summary["budget"]["amount"].get<double>()), unit,
        summary["test"]["problems"].get<std::size_t>(), summary["test"]["set"].get<std::string>());
  print_rows(rows);
  print(
      "\ntest: interquartile mean over seeds · area: mean validation accuracy over the {} of the "
      "budget · all in percent\n",
      unit);
  print_notes(summary);
  print("{}\n", (folder / "comparison.json").string());
}

}  // namespace

int compare_command(const GlobalOptions& global, const CompareOptions& options) {
  const PluginCatalog catalog = scan_plugins(global);
  const Comparison comparison =
      Comparison::load(options.config, options.overrides,
                       [&](const Node& arm) { return plugin_keys(arm, catalog); });
  const fs::path folder =
      options.run.empty() ? fs::path("runs") / comparison.name : fs::path(options.run);
  const ComparisonPlan plan = make_plan(comparison, folder, options.jobs, catalog);
  const HeldFolder held = take_folder(folder);
  settle_files(folder, plan.files, options.accept_changes);
  Screen screen(stderr);
  CompareView view(comparison, plan, folder, screen);
  ComparisonRunner runner(plan, folder, options.jobs, boost::dll::program_location().string(),
                          global.plugin_folders, view);
  if (options.accept_changes) runner.accept_changes();
  for (const std::string& note : plan.notes) screen.line("note: " + note);
  screen.line(fmt::format(
      "compare  {} · {} · {} runs, {} at once with {} thread{} each · budget {} a run · {}",
      plan.task, plan.model, plan.runs.size(), options.jobs, plan.threads,
      plan.threads == 1 ? "" : "s", budget_text(comparison.budget), folder.string()));
  if (!held.lock.note().empty()) screen.line("note: " + held.lock.note());
  const std::string command = command_text(global);
  runner.run(catch_interrupts({"stopping: the runs under way end with a checkpoint as soon as they "
                               "can; once more ends them at once",
                               "stopped at once; go on with: " + command},
                              kLastStop));
  screen.clear();
  const Json summary = summarize(comparison, plan, folder, runner.progress());
  write_file_atomically(folder / "comparison.json",
                        summary.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  const auto count = [&](RunState state) {
    return std::count_if(runner.progress().begin(), runner.progress().end(),
                         [&](const RunProgress& p) { return p.state == state; });
  };
  if (count(RunState::waiting) > 0) {
    screen.line(fmt::format("interrupted: {} of {} runs are done; go on with: {}",
                            count(RunState::done), plan.runs.size(), command));
    return interrupt_code();
  }
  if (options.json) print_json(summary);
  else print_summary(summary, folder);
  return count(RunState::failed) > 0 ? 1 : 0;
}

int compare_test_command(const GlobalOptions& global, const CompareTestOptions& options) {
  test_run(options.run, scan_plugins(global));
  return 0;
}

}  // namespace tinyzero
