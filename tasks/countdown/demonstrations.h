// Demonstrations for a warm start: searches by someone who guesses.
//
// Attempts, each step written out ("9-7=2 3,2*3=6?"), until one hits the target ("!") or patience
// ends; the answer is the last attempt, right or wrong. An attempt may go on from first steps of
// the last one; what it shares with that but for its own last step is not written again. Attempts
// are random, but for the lucky ones and, in those that aim, the last step, which comes as near to
// the target as one can. None is made twice.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "search.h"
#include "tinyzero/rng.h"
#include "tinyzero/settings.h"

namespace tinyzero::countdown {

// Settings and rule in one; the task holds them among its settings and describes them with those.
struct Demonstrations {
  std::vector<std::int64_t> attempts = {1, 4};
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

  bool is_shown(const Rational& value) const;
  std::vector<Path> shown_solutions(const std::vector<std::int64_t>& numbers, std::int64_t target,
                                    const std::string& operators) const;
  Path new_attempt(const Problem& problem, const Path& last, bool stays,
                   std::set<std::string>& tried, Rng& rng) const;
  Path derivation(const Problem& problem, bool aims, const Path& start, Rng& rng) const;
  bool take_nearest(const Problem& problem, Values& values, Path& path) const;
};

}  // namespace tinyzero::countdown
