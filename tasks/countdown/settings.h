// The settings of Countdown.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "demonstrations.h"
#include "tinyzero/settings.h"

namespace tinyzero::countdown {

struct Settings {
  std::int64_t level = 0;
  std::vector<std::int64_t> numbers = {3, 4};
  std::int64_t smallest = 1;
  std::int64_t largest = 99;
  std::vector<std::int64_t> target = {10, 100};
  std::string operators = "+-*/";
  std::string targets = "way";
  std::string difficulty = "numbers";
  std::string wording = "short";
  std::string hold_out = "problems";
  std::string scorer = "strict";
  std::string framing = "base";
  double format_reward = 0.1;
  Demonstrations demonstrations;

  void describe(SettingsTable& t);

  // These settings with those of their level filled in. Throws std::invalid_argument where settings
  // contradict each other.
  Settings resolved() const;

 private:
  void describe_problems(SettingsTable& t);
  void describe_verdicts(SettingsTable& t);
};

}  // namespace tinyzero::countdown
