// What a person sees of a comparison that is under way.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/compare/summary.h"

namespace tinyzero {

class Screen;

// A line for each run that begins and ends; on a terminal also a live line below them.
class CompareView : public RunnerObserver {
 public:
  // All of them must outlive this.
  CompareView(const Comparison& comparison, const ComparisonPlan& plan, fs::path folder,
              Screen& screen)
      : comparison_(comparison), plan_(plan), folder_(std::move(folder)), screen_(screen) {}

  void began(const PlannedRun& run, bool resumed) override;
  void ended(const PlannedRun& run, const RunProgress& progress) override;
  void found_elsewhere(const PlannedRun& run, const LockHolder& holder) override;
  void tick(const std::vector<RunProgress>& runs) override;

 private:
  // Which run it is: "grpo seed 2", "start seed 2".
  std::string name_of(const PlannedRun& run) const;
  std::string live_text(const std::vector<RunProgress>& runs) const;

  const Comparison& comparison_;
  const ComparisonPlan& plan_;
  const fs::path folder_;
  Screen& screen_;
  std::chrono::steady_clock::time_point last_tick_;
};

}  // namespace tinyzero
