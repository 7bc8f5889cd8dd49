#include "demonstrations.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "tinyzero/state.h"

namespace tinyzero::countdown {
namespace {

constexpr int kRepeats = 12;  // draws of an attempt that repeat one before all others are listed
constexpr std::size_t kListed = 4;  // most numbers for which all attempts are listed
constexpr int kShownTries = 100;    // draws of a step before a value that is not shown is accepted
// Draws of a step before the numbers are refused. Only zeros that can just be divided by zeros have
// no step.
constexpr int kStepTries = 1000;

Rational result_of(const std::vector<std::int64_t>& numbers, const std::vector<Step>& path) {
  Values values = values_of(numbers);
  for (const Step& step : path) take(values, step);
  return values.value[0];
}

}  // namespace

void Demonstrations::describe(SettingsTable& t) {
  t.add("demo_attempts", attempts, "fewest and most attempts of a demonstration before it gives up")
      .up_to(2)
      .between(1, 64);
  t.add("demo_patience", patience,
        "chance that a demonstration goes on after an attempt that misses, as long as "
        "`demo_attempts` lets it; 1: it always does")
      .between(0, 1);
  t.add("demo_persistent", persistent,
        "share of the demonstrations that ignore `demo_patience` and `demo_luck`: they make random "
        "attempts until one hits or the most of `demo_attempts` is reached")
      .between(0, 1);
  t.add("demo_luck", luck,
        "chance that an attempt of a demonstration is a solution; the others are random")
      .between(0, 1);
  t.add("demo_stay", stay,
        "chance that an attempt continues from the first steps of the one before it")
      .between(0, 1);
  t.add(
       "demo_aim", aim,
       "chance that an attempt ends with the step that comes nearest to the target; otherwise that "
       "step is random")
      .between(0, 1);
  t.add("demo_largest", largest,
        "largest intermediate value that demonstrations show; they show no negative and no "
        "fractional value")
      .between(1, 1e6);
}

std::string Demonstrations::write(const std::vector<std::int64_t>& numbers, std::int64_t target,
                                  const std::string& operators, Rng& rng) const {
  const Problem problem{numbers, target, operators};
  const std::vector<Path> right = shown_solutions(problem);
  const std::int64_t drawn = rng.between(attempts.front(), attempts.back());
  const bool persists = persistent > 0 && rng.chance(persistent);
  const std::int64_t most = persists ? attempts.back() : drawn;
  std::string out;
  std::string shared;  // all but the last step of the last attempt
  Path path;
  std::set<std::string> tried;
  for (std::int64_t i = 0; i < most; ++i) {
    const bool lucky = !persists && rng.chance(luck) && !right.empty();
    const bool stays = i > 0 && rng.chance(stay);
    const std::optional<Path> attempt =
        lucky ? right[rng.below(right.size())] : new_attempt(problem, path, stays, tried, rng);
    if (!attempt) break;
    path = *attempt;
    const std::string lines = lines_of(numbers, path);
    const std::string start = lines.substr(0, lines.rfind(',') + 1);
    const bool hit = result_of(numbers, path) == Rational(target);
    out += (i > 0 && start == shared ? lines.substr(start.size()) : lines) + (hit ? "!" : "?");
    shared = start;
    if (hit || (!persists && patience < 1 && !rng.chance(patience))) break;
  }
  return out + "<answer>" + expression_of(numbers, path) + "</answer>";
}

bool Demonstrations::is_shown(const Rational& value) const {
  return value.is_integer() && value.numerator() >= 0 && value.numerator() <= largest;
}

bool Demonstrations::is_shown(const Problem& problem, const Path& path) const {
  Values values = values_of(problem.numbers);
  return std::all_of(path.begin(), path.end(), [&](const Step& step) {
    take(values, step);
    return is_shown(values.value[values.count - 1]);
  });
}

// The derivations of the target that may be shown.
std::vector<Demonstrations::Path> Demonstrations::shown_solutions(const Problem& problem) const {
  std::vector<Path> out;
  Path path;
  for_each_derivation(values_of(problem.numbers), problem.operators, path,
                      [&](const Path& steps, const Rational& result) {
                        if (result == Rational(problem.target) && is_shown(problem, steps))
                          out.push_back(steps);
                        return false;
                      });
  return out;
}

// A derivation that was not tried before; none if there is no other. With `stays` it begins like
// `last`, without its last step. An attempt that aims leaves out one more: from the same two values
// it would end with the same step. It may repeat one: few first steps have a new nearest step.
std::optional<Demonstrations::Path> Demonstrations::new_attempt(const Problem& problem,
                                                                const Path& last, bool stays,
                                                                std::set<std::string>& tried,
                                                                Rng& rng) const {
  const bool aims = aim > 0 && rng.chance(aim);
  const std::ptrdiff_t left_out = std::min<std::ptrdiff_t>(std::ssize(last), aims ? 2 : 1);
  const Path first_steps(last.begin(), last.end() - left_out);
  Path path;
  for (int draws = 0; draws < kRepeats; ++draws) {
    const bool continues = stays && draws < kRepeats / 2;
    path = derivation(problem, aims, continues ? first_steps : Path(), rng);
    if (tried.insert(lines_of(problem.numbers, path)).second) return path;
  }
  if (aims) return path;
  const std::vector<Path> others = untried(problem, tried);
  if (others.empty()) return std::nullopt;
  path = others[rng.below(others.size())];
  tried.insert(lines_of(problem.numbers, path));
  return path;
}

// The derivations that may be shown and were not tried; none of many numbers, whose derivations
// would take too long to list.
std::vector<Demonstrations::Path> Demonstrations::untried(
    const Problem& problem, const std::set<std::string>& tried) const {
  std::vector<Path> out;
  if (problem.numbers.size() > kListed) return out;
  Path path;
  for_each_derivation(
      values_of(problem.numbers), problem.operators, path, [&](const Path& steps, const Rational&) {
        if (is_shown(problem, steps) && !tried.contains(lines_of(problem.numbers, steps)))
          out.push_back(steps);
        return false;
      });
  return out;
}

// A derivation that begins with `start` and continues with random steps, to values that may be
// shown if a few draws find such steps. With `aims`, its last step comes nearest to the target.
Demonstrations::Path Demonstrations::derivation(const Problem& problem, bool aims,
                                                const Path& start, Rng& rng) const {
  Path path = start;
  Values values = values_of(problem.numbers);
  for (const Step& step : path) take(values, step);
  while (values.count > 1) {
    if (aims && values.count == 2 && take_nearest(problem, values, path)) break;
    const auto choices = steps(values.count, problem.operators);
    for (int tries = 0;; ++tries) {
      if (tries == kStepTries)
        throw BadState("these numbers cannot be combined with " + problem.operators);
      const Step step = choices[rng.below(choices.size())];
      Values next = values;
      if (!take(next, step) || (tries < kShownTries && !is_shown(next.value[next.count - 1])))
        continue;
      path.push_back(step);
      values = next;
      break;
    }
  }
  return path;
}

// Takes the step whose result is nearest to the target, among the results that may be shown.
// Returns false if there is none.
bool Demonstrations::take_nearest(const Problem& problem, Values& values, Path& path) const {
  std::optional<Step> best;
  std::int64_t least = 0;  // distance of `best`
  for (const Step& step : steps(values.count, problem.operators)) {
    Values next = values;
    if (!take(next, step) || !is_shown(next.value[0])) continue;
    const std::int64_t distance =
        std::abs(static_cast<std::int64_t>(next.value[0].numerator()) - problem.target);
    if (best && distance >= least) continue;
    best = step;
    least = distance;
  }
  if (!best) return false;
  take(values, *best);
  path.push_back(*best);
  return true;
}

}  // namespace tinyzero::countdown
