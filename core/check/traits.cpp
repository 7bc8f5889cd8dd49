// The check of traits: numbers that mean something, of any completion, whenever they are counted.

#include "core/task/traits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/check/answers.h"
#include "core/check/checked_task.h"
#include "core/check/checks.h"
#include "core/plugin/task_limits.h"

namespace tinyzero {
namespace {

constexpr std::size_t kItems = 200;
constexpr std::size_t kLargeText = std::size_t{1} << 20;  // bytes

std::string repeated(const std::string& unit, std::size_t bytes) {
  std::string text;
  while (!unit.empty() && text.size() < bytes) text += unit;
  return text;
}

// Good, hostile and empty answers, worked traces, and texts of a megabyte, which take longer than a
// row may if counting is not linear.
AnswerSet completions_of(const Task& task, std::uint64_t seed) {
  AnswerSet set = mixed_answers(task, seed, kItems);
  Rng rng(seed, {3});
  const std::vector<Item> items = task.draw(seed, 0, kItems);
  for (const Item& item : items) {
    const std::string trace = task.can_demonstrate()
                                  ? task.demonstrate(item.state, seed, item.index)
                                  : set.completions.front();
    set.add(item.state, trace);
    set.add(item.state, hostile_text(trace, rng));
  }
  for (const std::string& unit : {std::string("="), std::string("1+1=2 "), set.completions.back()})
    set.add(items.front().state, repeated(unit, kLargeText));
  return set;
}

// Throws CheckFailed for numbers that no mean can hold.
void check_row(const std::vector<TaskTrait>& traits, const TraitRow& row,
               const std::string& completion) {
  for (std::size_t t = 0; t < row.size(); ++t) {
    require(!std::isinf(row[t]),
            fmt::format("the trait \"{}\" of {} is infinite", traits[t].name, shown(completion)));
    const std::string& per = traits[t].per;
    const double weight = per.empty() ? 1 : row[*trait_index(traits, per)];
    require(!(weight < 0), fmt::format("the trait \"{}\" of {} is {}, and it weighs \"{}\"", per,
                                       shown(completion), weight, traits[t].name));
  }
}

}  // namespace

CheckResult check_traits(const CheckOptions& options) {
  const Task task = open_checked(options);
  if (!task.can_count_traits()) return {Grade::skip, "the task counts no traits of completions"};
  const std::vector<TaskTrait>& traits = task.about().traits;
  const AnswerSet set = completions_of(task, options.seed);
  CheckedTask counting = open_checked(options, WorkerPlace{});
  const auto rows = counting.worker.count_traits(set.answers());
  TraitMeans means(traits);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    check_row(traits, rows[i], set.completions[i]);
    means.add(rows[i]);
  }
  const std::string together = text_of(counting.task.count_traits(set.answers()));
  require(text_of(task.count_traits(set.answers())) == together,
          "a second instance counts other traits of the same completions");
  std::vector<TraitRow> alone;
  for (const Answer& answer : set.answers()) alone.push_back(task.count_traits({answer}).front());
  require(text_of(alone) == together, "completions alone have other traits than together");
  require(task.traits_fault().empty(), task.traits_fault());
  const std::size_t used = means.means().size();
  require(used > 0, "no trait applies to any completion");
  return {Grade::pass,
          fmt::format("{} traits of {} completions, the same twice and alone; {} apply",
                      traits.size(), rows.size(), used)};
}

}  // namespace tinyzero
