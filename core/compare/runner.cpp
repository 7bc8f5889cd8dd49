#include "core/compare/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <sstream>
#include <thread>

#include "core/base/child.h"
#include "core/base/cpus.h"
#include "core/base/error.h"
#include "core/base/lock.h"
#include "core/compare/metrics.h"
#include "core/compare/tested_run.h"
#include "core/run/checkpoint_folder.h"

namespace tinyzero {
namespace {

constexpr auto kLook = std::chrono::milliseconds(50);
constexpr auto kLookElsewhere = std::chrono::seconds(1);
constexpr const char* kHint = "  hint: ";

fs::path beside(fs::path run, const char* ending) { return run += ending; }

fs::path lock_path(const fs::path& run) {
  return run.parent_path() / ("." + run.filename().string() + ".lock");
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with("threads: ")) lines.push_back(line);
  }
  return lines;
}

// Writes an experiment, or checks that an earlier one says the same.
void settle(const fs::path& path, const PlannedRun& run) {
  if (!fs::exists(path)) {
    fs::create_directories(path.parent_path());
    return write_file_atomically(path, run.yaml);
  }
  if (run.is_start) return;  // its folder is named by what it depends on
  const auto before = lines_of(read_file(path));
  const auto now = lines_of(run.yaml);
  for (std::size_t i = 0; i < std::max(before.size(), now.size()); ++i) {
    const std::string a = i < before.size() ? before[i] : "nothing";
    const std::string b = i < now.size() ? now[i] : "nothing";
    if (a == b) continue;
    throw Error(fmt::format("{}: this run was begun with other settings: \"{}\" there, \"{}\" now",
                            path.string(), a.substr(std::min(a.size(), a.find_first_not_of(' '))),
                            b.substr(std::min(b.size(), b.find_first_not_of(' ')))),
                "compare into another folder with --run, or delete what is to be done again");
  }
}

// Why a child failed: the last line of its log with "error: " and the hint below it; else the last
// line; else how the process ended.
std::string last_message(const fs::path& log, std::uintmax_t from, int code) {
  const std::string all = read_file(log);
  std::istringstream stream(all.substr(std::min<std::size_t>(all.size(), from)));
  std::string error, last;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("error: ")) error = line.substr(std::strlen("error: "));
    else if (line.starts_with(kHint) && !error.empty())
      error += " (" + line.substr(std::strlen(kHint)) + ")";
    if (!line.empty()) last = line;
  }
  if (!error.empty()) return error;
  if (code > 128)
    return fmt::format("ended by signal {} ({})", code - 128, ::strsignal(code - 128));
  return last.empty() ? fmt::format("exit code {}", code) : last;
}

// The cores of a job, of which there are `jobs`.
std::vector<int> share(const std::vector<int>& cores, std::int64_t job, std::int64_t jobs) {
  const auto at = [&](std::int64_t j) { return cores.begin() + j * std::ssize(cores) / jobs; };
  return {at(job), at(job + 1)};
}

std::string cores_text(std::int64_t cores) {
  return cores == 1 ? "one core" : fmt::format("{} cores", cores);
}

void check_jobs(std::int64_t jobs) {
  const CpuAllowance allowance = cpu_allowance();
  if (jobs <= allowance.usable()) return;
  throw Error(
      fmt::format("--jobs is {}, and {} may be used{}: each run has at least one core of its own",
                  jobs, cores_text(allowance.usable()),
                  allowance.reason().empty() ? "" : " (" + allowance.reason() + ")"),
      "lower --jobs");
}

}  // namespace

struct ComparisonRunner::Slot {
  std::vector<int> cores;
  std::optional<std::size_t> run;
  std::optional<Child> child;
  HeldFile lock;  // of the run
  Stage stage = Stage::train;
  std::uintmax_t log_from = 0;  // size of the log before the child wrote to it
};

ComparisonRunner::ComparisonRunner(const ComparisonPlan& plan, fs::path folder, std::int64_t jobs,
                                   fs::path program, std::vector<fs::path> plugin_folders,
                                   RunnerObserver& observer)
    : plan_(plan),
      folder_(std::move(folder)),
      program_(std::move(program)),
      plugin_folders_(std::move(plugin_folders)),
      observer_(observer),
      chosen_(plan.runs.size(), true),
      progress_(plan.runs.size()),
      look_again_(plan.runs.size()) {
  check_jobs(jobs);
  const std::vector<int> cores = usable_cores();
  for (const PlannedRun& run : plan_.runs) settle(beside(path(run), ".yaml"), run);
  for (std::int64_t j = 0; j < jobs; ++j) {
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->cores = share(cores, j, jobs);
  }
}

ComparisonRunner::ComparisonRunner(ComparisonRunner&&) noexcept = default;
ComparisonRunner::~ComparisonRunner() = default;

bool ComparisonRunner::is_trained(const PlannedRun& run) const {
  return run.is_start &&
         fs::exists(path(run) / "checkpoints" / checkpoint_name(Phase::reinforce, 0)) &&
         !read_run_metrics(path(run)).curve.empty();
}

bool ComparisonRunner::is_done(const PlannedRun& run) const {
  return run.arm.has_value() ? is_tested(path(run)) : is_trained(run);
}

void ComparisonRunner::run(const StopRequest& stops) {
  int told = 0;
  for (std::size_t i = 0; i < plan_.runs.size(); ++i) {
    if (is_done(plan_.runs[i])) progress_[i].state = RunState::done;
  }
  for (;;) {
    const int asked = stops.load();
    for (const auto& each : slots_) {
      Slot& slot = *each;
      if (slot.child) look(slot, asked > 0);
      if (!slot.child && asked == 0) {
        if (const auto run = next(slot)) begin(slot, *run);
      }
      // SIGINT is the signal that counts again.
      if (slot.child && asked > told) slot.child->signal(told == 0 ? SIGTERM : SIGINT);
    }
    told = asked;
    observer_.tick(progress_);
    const bool busy = std::any_of(slots_.begin(), slots_.end(),
                                  [](const auto& slot) { return slot->child.has_value(); });
    bool open = false;
    for (std::size_t i = 0; i < plan_.runs.size(); ++i) open = open || is_open(i);
    if (!busy && (asked > 0 || !open)) return;
    std::this_thread::sleep_for(kLook);
  }
}

std::int64_t ComparisonRunner::count(RunState state) const {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < plan_.runs.size(); ++i)
    count += chosen_[i] && progress_[i].state == state ? 1 : 0;
  return count;
}

bool ComparisonRunner::is_open(std::size_t index) const {
  const RunState state = progress_[index].state;
  return chosen_[index] && (state == RunState::waiting || state == RunState::elsewhere);
}

std::optional<std::size_t> ComparisonRunner::next(Slot& slot) {
  for (std::size_t i = 0; i < plan_.runs.size(); ++i) {
    if (!is_open(i) || !can_begin(i) || !hold(slot, i)) continue;
    if (!is_done(plan_.runs[i])) return i;
    slot.lock = {};  // another process did it
    progress_[i].state = RunState::done;
    observer_.ended(plan_.runs[i], progress_[i]);
  }
  return std::nullopt;
}

bool ComparisonRunner::can_begin(std::size_t index) {
  const auto start = plan_.runs[index].start;
  if (!start || progress_[*start].state == RunState::done) return true;
  if (progress_[*start].state != RunState::failed) return false;
  progress_[index] = {RunState::failed,
                      "the run it starts from failed: " + progress_[*start].error};
  observer_.ended(plan_.runs[index], progress_[index]);
  return false;
}

bool ComparisonRunner::hold(Slot& slot, std::size_t index) {
  RunProgress& progress = progress_[index];
  const auto now = std::chrono::steady_clock::now();
  if (progress.state == RunState::elsewhere && now < look_again_[index]) return false;
  const fs::path file = lock_path(path(plan_.runs[index]));
  std::optional<LockHolder> holder = lock_holder(file);  // to take a busy lock waits for a moment
  if (!holder) {
    slot.lock = HeldFile(file);
    holder = slot.lock.holder();
  }
  if (!holder) return true;
  if (progress.state == RunState::waiting) observer_.found_elsewhere(plan_.runs[index], *holder);
  progress.state = RunState::elsewhere;
  look_again_[index] = now + kLookElsewhere;
  return false;
}

void ComparisonRunner::begin(Slot& slot, std::size_t index) {
  const PlannedRun& run = plan_.runs[index];
  const fs::path folder = path(run);
  slot.run = index;
  progress_[index].state = RunState::running;
  const bool resumed = fs::exists(folder / "config.yaml");
  observer_.began(run, resumed);
  if (is_trained(run)) return start_child(slot, Stage::test, {"compare-test", folder.string()});
  if (resumed) {
    std::vector<std::string> arguments = {"train", "--resume", folder.string()};
    if (accept_changes_) arguments.emplace_back("--accept-changes");
    return start_child(slot, Stage::train, arguments);
  }
  // `train` takes over a folder whose run was killed before it had a configuration, and refuses
  // any other.
  start_child(slot, Stage::train,
              {"train", beside(folder, ".yaml").string(), "--run", folder.string(), "--planned"});
}

void ComparisonRunner::start_child(Slot& slot, Stage stage,
                                   const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {program_.string()};
  for (const fs::path& folder : plugin_folders_)
    command.insert(command.end(), {"--plugins", folder.string()});
  command.insert(command.end(), arguments.begin(), arguments.end());
  const fs::path log = beside(path(plan_.runs[*slot.run]), ".log");
  slot.log_from = fs::exists(log) ? fs::file_size(log) : 0;
  slot.stage = stage;
  slot.child.reset();
  slot.child.emplace(command, log, slot.cores);
}

void ComparisonRunner::finish(Slot& slot, RunState state, const std::string& error) {
  progress_[*slot.run] = {state, error};
  slot.child.reset();
  slot.lock = {};
  if (state != RunState::waiting) observer_.ended(plan_.runs[*slot.run], progress_[*slot.run]);
  slot.run.reset();
}

void ComparisonRunner::look(Slot& slot, bool stopping) {
  const std::optional<int> code = slot.child->ended();
  if (!code) return;
  const PlannedRun& run = plan_.runs[*slot.run];
  const bool last = slot.stage == Stage::test || !run.arm.has_value();
  if (*code == 0 && last) return finish(slot, RunState::done);
  if (stopping) return finish(slot, RunState::waiting);
  if (*code == 0) return start_child(slot, Stage::test, {"compare-test", path(run).string()});
  finish(slot, RunState::failed, last_message(beside(path(run), ".log"), slot.log_from, *code));
}

}  // namespace tinyzero
