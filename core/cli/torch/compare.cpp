// compare: arms and seeds of a comparison, each an ordinary run, then a table.

#include "core/cli/delegated/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/dll/runtime_symbol_info.hpp>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/lock.h"
#include "core/base/shell_word.h"
#include "core/base/told_error.h"
#include "core/cli/interrupt.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/screen.h"
#include "core/cli/terminal.h"
#include "core/cli/torch/compare_result.h"
#include "core/cli/torch/compare_view.h"
#include "core/cli/torch/comparison_table.h"
#include "core/compare/share.h"
#include "core/compare/summary.h"
#include "core/compare/tested_run.h"
#include "core/train/opened_run.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

constexpr int kLastStop = 3;      // the first asks runs to end, the second ends them
constexpr int kSettleTries = 50;  // a try waits for a fifth of a second

// Makes the folder, or takes one that is there. Throws Error if it is something else.
void make_folder(const fs::path& folder) {
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
}

// Holds the folder while its files are settled: another call does that within moments.
HeldFile hold_folder(const fs::path& folder) {
  const fs::path path = folder / ".lock";
  for (int tries = 0;; ++tries) {
    HeldFile held(path);
    if (!held.holder()) return held;
    if (tries == kSettleTries)
      throw Error(held.holder()->name() + " begins the comparison " + folder.string(),
                  held.holder()->hint("wait for it, or choose another folder with --run"));
  }
}

// The command that continues the comparison, for a person to type.
std::string command_text(const GlobalOptions& global) {
  std::string command = "tinyzero";
  for (const std::string& word : global.arguments) command += " " + shell_word(word);
  return command;
}

std::string budget_text(const ComparisonBudget& budget) {
  return fmt::format("{} {}", real_text(budget.amount()), budget.unit());
}

void write_summary(const fs::path& folder, const Json& summary) {
  write_file_atomically(folder / "comparison.json",
                        summary.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::string opening_text(const Comparison& comparison, const ComparisonPlan& plan,
                         std::int64_t runs, std::int64_t jobs, const fs::path& folder) {
  return fmt::format("compare  {} · {} · {} runs, {} at once with {} each · budget {} a run · {}",
                     plan.task, plan.model, runs, jobs, counted(plan.threads, "thread"),
                     budget_text(comparison.budget), folder.string());
}

const StopRequest& catch_compare_interrupts(const std::string& command) {
  return catch_interrupts({"stopping: the runs under way end with a checkpoint as soon as they "
                           "can; another Ctrl-C ends them at once",
                           "stopped at once; continue with: " + command},
                          kLastStop);
}

// "3 of 6 runs done", of those that this call carries out.
std::string done_text(const ComparisonRunner& runner, std::int64_t chosen) {
  return fmt::format("{} of {} done", runner.count(RunState::done), counted(chosen, "run"));
}

Json plan_json(const Comparison& comparison, const ComparisonPlan& plan,
               const std::vector<bool>& chosen) {
  Json runs = Json::array();
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    if (!chosen[i]) continue;
    const PlannedRun& run = plan.runs[i];
    runs.push_back({{"run", run.folder.string()},
                    {"arm", run.arm ? Json(comparison.arms[*run.arm].name) : Json()},
                    {"seed", run.seed},
                    {"start", run.start ? Json(plan.runs[*run.start].folder.string()) : Json()}});
  }
  return {{"name", comparison.name}, {"runs", runs}};
}

// What is known of the runs without doing any.
Json results_so_far(const Comparison& comparison, const ComparisonPlan& plan,
                    const fs::path& folder) {
  std::vector<RunProgress> progress(plan.runs.size());
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    if (is_tested(folder / plan.runs[i].folder)) progress[i].state = RunState::done;
  }
  return summarize(comparison, plan, folder, progress);
}

int plan_power(const CompareOptions& options, const Comparison& comparison,
               const ComparisonPlan& plan, const fs::path& folder) {
  const Experiment first = Experiment::from_node(comparison.arms.front().root, comparison.name);
  return show_power(options, results_so_far(comparison, plan, folder),
                    plan.test.problems * first.eval.samples);
}

int list_runs(const Json& plan, bool json) {
  if (json) print_json(plan);
  else {
    for (const Json& run : plan["runs"]) {
      const std::string folder = run["run"], start = run["start"].is_null() ? "" : run["start"];
      print("{:<32}{}\n", folder, start.empty() ? "" : " from " + start);
    }
  }
  return 0;
}

// Makes or takes the folder and settles its files, one call at a time.
ComparisonRunner begin_comparison(const GlobalOptions& global, const CompareOptions& options,
                                  const ComparisonPlan& plan, const fs::path& folder,
                                  RunnerObserver& observer, Screen& screen) {
  make_folder(folder);
  const HeldFile held = hold_folder(folder);
  settle_files(folder, plan.files, options.accept_changes);
  if (!held.note().empty()) screen.line("note: " + held.note());
  ComparisonRunner runner(plan, folder, options.jobs, boost::dll::program_location().string(),
                          global.plugin_folders, observer);
  if (options.accept_changes) runner.accept_changes();
  return runner;
}

}  // namespace

int run_compare(const GlobalOptions& global, const CompareOptions& options) {
  ::setenv("TINYZERO_RANKS", "off", 1);  // its runs are no ranks, whatever started this call
  if (options.config.ends_with(".json")) return show_comparison(options);
  const Share share = options.share.empty() ? Share{} : Share::parse(options.share);
  const bool is_whole = options.share.empty() && !options.starts;
  if (!is_whole && options.json && !options.list)
    throw Error("--json prints the comparison, which a share of it does not have",
                "leave out --json, or --share and --starts");
  const PluginCatalog catalog = scan_plugins(global);
  const Comparison comparison =
      Comparison::load(options.config, options.overrides,
                       [&](const Node& arm) { return plugin_keys(arm, catalog); });
  const fs::path folder =
      options.run.empty() ? fs::path("runs") / comparison.name : fs::path(options.run);
  const ComparisonPlan plan = make_plan(comparison, folder, options.jobs, catalog);
  const std::vector<bool> chosen = is_whole ? std::vector<bool>(plan.runs.size(), true)
                                            : runs_of_share(plan, share, options.starts);
  const std::int64_t count = std::count(chosen.begin(), chosen.end(), true);
  if (!options.power.empty()) return plan_power(options, comparison, plan, folder);
  if (options.list) return list_runs(plan_json(comparison, plan, chosen), options.json);
  Screen screen(stderr);
  CompareView view(comparison, plan, folder, screen);
  ComparisonRunner runner = begin_comparison(global, options, plan, folder, view, screen);
  runner.choose(chosen);
  for (const std::string& note : plan.notes) screen.line("note: " + note);
  screen.line(opening_text(comparison, plan, count, options.jobs, folder));
  const std::string command = command_text(global);
  runner.run(catch_compare_interrupts(command));
  screen.clear();
  const bool interrupted = runner.count(RunState::waiting) + runner.count(RunState::elsewhere) > 0;
  const Json summary = is_whole ? summarize(comparison, plan, folder, runner.progress()) : Json();
  if (is_whole) write_summary(folder, summary);
  if (interrupted) {
    screen.line("interrupted: " + done_text(runner, count) + "; continue with: " + command);
    return interrupt_code();
  }
  if (!is_whole)
    screen.line(done_text(runner, count) +
                "; without --share and --starts, the same "
                "command does what is left and prints the table");
  else if (options.json) print_json(summary);
  else print("{}{}\n", comparison_table(summary), (folder / "comparison.json").string());
  return runner.count(RunState::failed) > 0 ? 1 : 0;
}

}  // namespace tinyzero
