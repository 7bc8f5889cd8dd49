#include "core/train/curriculum.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/told_error.h"
#include "core/rollout/episodes.h"

namespace tinyzero {

namespace {

bool has_levels(const TaskMixture& mixture) {
  return std::ranges::any_of(mixture.parts(),
                             [](const TaskMixture::Part& part) { return part.levels > 1; });
}

}  // namespace

Curriculum::Curriculum(const CurriculumSettings& settings, const Task& task)
    : settings_(settings), mixture_(mixture_of(task)) {
  if (mixture_ != nullptr && !has_levels(*mixture_)) mixture_ = nullptr;
  if (mixture_ == nullptr) return;
  stage_ = {std::vector<std::size_t>(mixture_->parts().size()), settings.review};
  windows_.resize(mixture_->parts().size());
}

std::vector<std::string> Curriculum::observe(const std::vector<Item>& items,
                                             const std::vector<ScoredCompletion>& completions) {
  std::vector<std::string> changes;
  if (mixture_ == nullptr) return changes;
  std::vector<Step> counts(mixture_->sources().size());  // by source
  for (const ScoredCompletion& c : completions) {
    if (!is_usable(c.verdict.outcome)) continue;
    Step& count = counts[mixture_->source_of(items[c.item].state)];
    count.right += c.right ? 1 : 0;
    count.judged += 1;
  }
  for (std::size_t p = 0; p < windows_.size(); ++p) {
    const TaskMixture::Part& part = mixture_->parts()[p];
    const Step& now = counts[part.first + stage_.levels[p]];
    if (part.levels == 1 || now.judged == 0) continue;
    auto& window = windows_[p];
    window.push_back(now);
    if (std::ssize(window) > settings_.window) window.pop_front();
    if (std::ssize(window) < settings_.window) continue;
    Step sum;
    for (const Step& step : window) sum = {sum.right + step.right, sum.judged + step.judged};
    const std::string sentence = change(p, sum.right / sum.judged);
    if (!sentence.empty()) changes.push_back(sentence);
  }
  return changes;
}

std::string Curriculum::change(std::size_t p, double accuracy) {
  const TaskMixture::Part& part = mixture_->parts()[p];
  const std::size_t before = stage_.levels[p];
  std::size_t& level = stage_.levels[p];
  if (accuracy >= settings_.raise_at && level + 1 < part.levels) ++level;
  else if (accuracy < settings_.lower_at && level > 0) --level;
  if (level == before) return "";
  windows_[p].clear();
  return fmt::format("level {} of {}{}{}: {:.0f} % of the completions at level {} were right",
                     level + 1, part.levels, part.name.empty() ? "" : " for ", part.name,
                     100 * accuracy, before + 1);
}

void Curriculum::record(Json& record) const {
  if (mixture_ == nullptr) return;
  for (std::size_t p = 0; p < windows_.size(); ++p) {
    const TaskMixture::Part& part = mixture_->parts()[p];
    if (part.levels > 1)
      record["curriculum/level" + (part.name.empty() ? "" : "/" + part.name)] =
          stage_.levels[p] + 1;
  }
}

Json Curriculum::state() const {
  if (mixture_ == nullptr) return nullptr;
  Json windows = Json::array();
  for (const auto& window : windows_) {
    windows.push_back(Json::array());
    for (const Step& step : window) windows.back().push_back({step.right, step.judged});
  }
  return {{"levels", stage_.levels}, {"windows", windows}};
}

void Curriculum::restore(const Json& state) {
  if (mixture_ == nullptr || state.is_null()) return;
  try {
    const auto levels = state.at("levels").get<std::vector<std::size_t>>();
    const Json& windows = state.at("windows");
    bool fits = levels.size() == windows_.size() && windows.size() == windows_.size();
    for (std::size_t p = 0; fits && p < levels.size(); ++p)
      fits = levels[p] < mixture_->parts()[p].levels;
    if (!fits)
      throw Error("the checkpoint's curriculum is of other tasks and levels than the run's",
                  "set them as they were");
    stage_.levels = levels;
    for (std::size_t p = 0; p < levels.size(); ++p) {
      windows_[p].clear();
      for (const Json& step : windows[p])
        windows_[p].push_back({step.at(0).get<double>(), step.at(1).get<double>()});
    }
  } catch (const Json::exception& e) {
    throw Error(std::string("the checkpoint's curriculum is damaged: ") + json_words(e));
  }
}

}  // namespace tinyzero
