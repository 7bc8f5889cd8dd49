// compare: arms and seeds of a comparison, each an ordinary run, then a table.

#include "core/cli/delegated/compare.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/dll/runtime_symbol_info.hpp>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/lock.h"
#include "core/base/shell_word.h"
#include "core/base/told_error.h"
#include "core/cli/comparison_table.h"
#include "core/cli/interrupt.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/screen.h"
#include "core/cli/terminal.h"
#include "core/cli/torch/compare_view.h"
#include "core/compare/summary.h"
#include "core/train/opened_run.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

constexpr int kLastStop = 3;  // the first asks runs to end, the second ends them

// A comparison's folder, which one process at a time holds.
struct HeldFolder {
  FileHandle file;
  FileLock lock;
};

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

// Throws Error if another process works on the comparison.
HeldFolder hold_folder(const fs::path& folder) {
  const fs::path path = folder / ".lock";
  HeldFolder held{FileHandle(path, O_RDWR | O_CREAT | O_NOFOLLOW), {}};
  if (const auto holder = held.lock.take(held.file, path))
    throw Error(holder->name() + " works on the comparison " + folder.string(),
                holder->hint("wait for it, or choose another folder with --run"));
  return held;
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
                         std::int64_t jobs, const fs::path& folder) {
  return fmt::format("compare  {} · {} · {} runs, {} at once with {} each · budget {} a run · {}",
                     plan.task, plan.model, plan.runs.size(), jobs, counted(plan.threads, "thread"),
                     budget_text(comparison.budget), folder.string());
}

const StopRequest& catch_compare_interrupts(const std::string& command) {
  return catch_interrupts({"stopping: the runs under way end with a checkpoint as soon as they "
                           "can; once more ends them at once",
                           "stopped at once; continue with: " + command},
                          kLastStop);
}

std::int64_t count_runs(const ComparisonRunner& runner, RunState state) {
  return std::count_if(runner.progress().begin(), runner.progress().end(),
                       [&](const RunProgress& p) { return p.state == state; });
}

}  // namespace

int run_compare(const GlobalOptions& global, const CompareOptions& options) {
  const PluginCatalog catalog = scan_plugins(global);
  const Comparison comparison =
      Comparison::load(options.config, options.overrides,
                       [&](const Node& arm) { return plugin_keys(arm, catalog); });
  const fs::path folder =
      options.run.empty() ? fs::path("runs") / comparison.name : fs::path(options.run);
  const ComparisonPlan plan = make_plan(comparison, folder, options.jobs, catalog);
  make_folder(folder);
  const HeldFolder held = hold_folder(folder);
  settle_files(folder, plan.files, options.accept_changes);
  Screen screen(stderr);
  CompareView view(comparison, plan, folder, screen);
  ComparisonRunner runner(plan, folder, options.jobs, boost::dll::program_location().string(),
                          global.plugin_folders, view);
  if (options.accept_changes) runner.accept_changes();
  for (const std::string& note : plan.notes) screen.line("note: " + note);
  screen.line(opening_text(comparison, plan, options.jobs, folder));
  if (!held.lock.note().empty()) screen.line("note: " + held.lock.note());
  const std::string command = command_text(global);
  runner.run(catch_compare_interrupts(command));
  screen.clear();
  const Json summary = summarize(comparison, plan, folder, runner.progress());
  write_summary(folder, summary);
  if (count_runs(runner, RunState::waiting) > 0) {
    screen.line(fmt::format("interrupted: {} of {} runs are done; continue with: {}",
                            count_runs(runner, RunState::done), plan.runs.size(), command));
    return interrupt_code();
  }
  if (options.json) print_json(summary);
  else print("{}{}\n", comparison_table(summary), (folder / "comparison.json").string());
  return count_runs(runner, RunState::failed) > 0 ? 1 : 0;
}

}  // namespace tinyzero
