// Demonstrations for a warm start: searches by someone who guesses.
//
// Attempts, each step written out ("9-7=2 3,2*3=6?"), until one hits the target ("!") or patience ends; the answer is the last attempt, right
// or wrong. An attempt may go on from the steps before the last one's end, which are then not written again. Attempts are random, but for the
// lucky ones, and none is made twice.
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
  std::int64_t largest = 99;

  void describe(SettingsTable& t);

  // A trace that ends in an answer, right or wrong. Throws BadState for numbers that cannot be combined.
  std::string write(const std::vector<std::int64_t>& numbers, std::int64_t target, const std::string& operators, Rng& rng) const;

 private:
  using Path = std::vector<Step>;

  bool is_shown(const Rational& value) const;
  std::vector<Path> shown_solutions(const std::vector<std::int64_t>& numbers, std::int64_t target, const std::string& operators) const;
  Path new_attempt(const std::vector<std::int64_t>& numbers, const std::string& operators, const Path& last, bool stays,
                   std::set<std::string>& tried, Rng& rng) const;
  Path random_derivation(const std::vector<std::int64_t>& numbers, const std::string& operators, Rng& rng, const Path& start) const;
};

}  // namespace tinyzero::countdown
