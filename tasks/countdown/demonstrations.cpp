#include "demonstrations.h"

#include "tinyzero/state.h"

namespace tinyzero::countdown {
namespace {

constexpr int kRepeats = 12;      // draws of an attempt before one is made twice
constexpr int kShownTries = 100;  // steps drawn before a value that should not be shown is
constexpr int kStepTries = 1000;  // steps drawn before the numbers are given up: only zeros that are to be divided by zeros have none

Rational result_of(const std::vector<std::int64_t>& numbers, const std::vector<Step>& path) {
  Values values = values_of(numbers);
  for (const Step& step : path) take(values, step);
  return values.value[0];
}

}  // namespace

void Demonstrations::describe(SettingsTable& t) {
  t.add("demo_attempts", attempts, "fewest and most attempts of a demonstration before it gives up").up_to(2).between(1, 64);
  t.add("demo_luck", luck, "chance that an attempt of a demonstration is a right one; the others are random").between(0, 1);
  t.add("demo_stay", stay, "chance that an attempt goes on from the same first steps as the one before it").between(0, 1);
  t.add("demo_largest", largest, "demonstrations show no intermediate value above this (nor negative, nor fractional)").between(1, 1e6);
}

std::string Demonstrations::write(const std::vector<std::int64_t>& numbers, std::int64_t target, const std::string& operators,
                                  Rng& rng) const {
  const std::vector<Path> right = shown_solutions(numbers, target, operators);
  const std::int64_t patience = rng.between(attempts.front(), attempts.back());
  std::string out, shared;  // shared: the steps that the last attempt began with
  Path path;
  std::set<std::string> tried;
  for (std::int64_t i = 0; i < patience; ++i) {
    const bool lucky = rng.chance(luck) && !right.empty(), stays = i > 0 && rng.chance(stay);
    path = lucky ? right[rng.below(right.size())] : new_attempt(numbers, operators, path, stays, tried, rng);
    const std::string lines = lines_of(numbers, path), start = lines.substr(0, lines.rfind(',') + 1);
    const bool hit = result_of(numbers, path) == Rational(target);
    out += (i > 0 && start == shared ? lines.substr(start.size()) : lines) + (hit ? "!" : "?");
    shared = start;
    if (hit) break;
  }
  return out + "<answer>" + expression_of(numbers, path) + "</answer>";
}

// Whether a demonstration may show this value.
bool Demonstrations::is_shown(const Rational& value) const {
  return value.is_integer() && value.numerator() >= 0 && value.numerator() <= largest;
}

// Derivations of the target that show only such values.
std::vector<Demonstrations::Path> Demonstrations::shown_solutions(const std::vector<std::int64_t>& numbers, std::int64_t target,
                                                                  const std::string& operators) const {
  std::vector<Path> out;
  Path path;
  for_each_derivation(values_of(numbers), operators, path, [&](const Path& steps, const Rational& result) {
    if (!(result == Rational(target))) return false;
    Values values = values_of(numbers);
    for (const Step& step : steps) {
      take(values, step);
      if (!is_shown(values.value[values.count - 1])) return false;
    }
    out.push_back(steps);
    return false;
  });
  return out;
}

// A random derivation that was not tried before (as far as a few draws find one); with `stays` it begins as `last` did.
Demonstrations::Path Demonstrations::new_attempt(const std::vector<std::int64_t>& numbers, const std::string& operators, const Path& last,
                                                 bool stays, std::set<std::string>& tried, Rng& rng) const {
  Path path;
  for (int draws = 0; draws < kRepeats; ++draws) {
    const bool keep = stays && draws < kRepeats / 2;
    path = random_derivation(numbers, operators, rng, keep ? Path(last.begin(), last.end() - 1) : Path());
    if (tried.insert(lines_of(numbers, path)).second) break;
  }
  return path;
}

// A derivation that begins with `start` and goes on by random steps, over values that a demonstration may show where such steps are found.
Demonstrations::Path Demonstrations::random_derivation(const std::vector<std::int64_t>& numbers, const std::string& operators, Rng& rng,
                                                       const Path& start) const {
  Path path = start;
  Values values = values_of(numbers);
  for (const Step& step : path) take(values, step);
  while (values.count > 1) {
    const auto choices = steps(values.count, operators);
    for (int tries = 0;; ++tries) {
      if (tries == kStepTries) throw BadState("these numbers cannot be combined with " + operators);
      const Step step = choices[rng.below(choices.size())];
      Values next = values;
      if (!take(next, step) || (tries < kShownTries && !is_shown(next.value[next.count - 1]))) continue;
      path.push_back(step);
      values = next;
      break;
    }
  }
  return path;
}

}  // namespace tinyzero::countdown
