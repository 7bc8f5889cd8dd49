#include "core/cli/torch/compare_view.h"

#include <fmt/format.h>

#include "core/base/lock.h"
#include "core/cli/screen.h"
#include "core/cli/terminal.h"
#include "core/compare/metrics.h"
#include "core/compare/tested_run.h"

namespace tinyzero {
namespace {

constexpr auto kTick = std::chrono::seconds(1);  // the live line reads the metrics of all runs

std::string percent(double share) { return fmt::format("{:.1f}", 100 * share); }

}  // namespace

std::string CompareView::name_of(const PlannedRun& run) const {
  return fmt::format("{} seed {}", run.arm ? comparison_.arms[*run.arm].name : "start", run.seed);
}

void CompareView::began(const PlannedRun& run, bool resumed) {
  if (screen_.columns() == 0 || resumed)
    screen_.line(fmt::format("{:<24} {}", name_of(run), resumed ? "continues" : "begins"));
}

void CompareView::ended(const PlannedRun& run, const RunProgress& progress) {
  const std::string name = name_of(run);
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

void CompareView::found_elsewhere(const PlannedRun& run, const LockHolder& holder) {
  screen_.line(fmt::format("{:<24} {} works on it", name_of(run), holder.name()));
}

void CompareView::tick(const std::vector<RunProgress>& runs) {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_tick_ < kTick) return;
  last_tick_ = now;
  screen_.live([&](std::size_t) { return live_text(runs); });
}

std::string CompareView::live_text(const std::vector<RunProgress>& runs) const {
  std::size_t over = 0;
  std::string busy;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    over += runs[i].state == RunState::done || runs[i].state == RunState::failed ? 1 : 0;
    if (runs[i].state == RunState::running)
      busy += fmt::format(" · {} step {}", name_of(plan_.runs[i]),
                          read_run_metrics(folder_ / plan_.runs[i].folder).last.step);
  }
  return fmt::format("{} of {} runs{}", over, runs.size(), busy);
}

}  // namespace tinyzero
