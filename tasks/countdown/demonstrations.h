// Demonstrations for a warm start: searches by someone who guesses.
//
// A demonstration is a series of attempts with each step written out ("9-7=2 3,2*3=6?"), until one
// hits the target ("!") or patience ends. The answer is the last attempt, right or wrong. An
// attempt may continue from the first steps of the attempt before it, which are then not repeated.
// Attempts are random, except for lucky ones, which are solutions. The last step of an attempt that
// aims comes as near to the target as possible. No attempt is made twice. A few demonstrations may
// persist: a model that has seen none of them cannot compute far behind its prompt.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "search.h"
#include "tinyzero/rng.h"
#include "tinyzero/settings.h"

namespace tinyzero::countdown {

// The settings of the rule and the rule itself. The task keeps one among its settings and calls
// `describe` from theirs.
struct Demonstrations {
  std::vector<std::int64_t> attempts = {1, 4};
  double patience = 1;
  double persistent = 0;
  double luck = 0.25;
  double stay = 0.5;
  double aim = 0;
  std::int64_t largest = 99;

  void describe(SettingsTable& t);

  // A trace that ends in an answer, right or wrong. Throws BadState for numbers that cannot be
  // combined.
  std::string write(const std::vector<std::int64_t>& numbers, std::int64_t target,
                    const std::string& operators, Rng& rng) const;

 private:
  using Path = std::vector<Step>;
  struct Problem {
    const std::vector<std::int64_t>& numbers;
    std::int64_t target;
    const std::string& operators;
  };

  // Whether a demonstration may show this value, or all values of this derivation.
  bool is_shown(const Rational& value) const;
  bool is_shown(const Problem& problem, const Path& path) const;
  std::vector<Path> shown_solutions(const Problem& problem) const;
  std::optional<Path> new_attempt(const Problem& problem, const Path& last, bool stays,
                                  std::set<std::string>& tried, Rng& rng) const;
  std::vector<Path> untried(const Problem& problem, const std::set<std::string>& tried) const;
  Path derivation(const Problem& problem, bool aims, const Path& start, Rng& rng) const;
  bool take_nearest(const Problem& problem, Values& values, Path& path) const;
};

}  // namespace tinyzero::countdown
