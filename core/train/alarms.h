// Warnings about what goes wrong slowly in a run. Each alarm is raised once, and again only after
// it has cleared.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/json.h"

namespace tinyzero {

class Alarms {
 public:
  Alarms() = default;
  // Continues from what first_step() gave.
  explicit Alarms(std::map<std::string, double> first_step) : first_(std::move(first_step)) {}

  // The alarms that a step's record raises. `limit_grows`: later steps allow longer completions.
  std::vector<std::string> heard(const Json& record, bool limit_grows = false);

  // What later steps are compared with: numbers of the first step.
  const std::map<std::string, double>& first_step() const { return first_; }

 private:
  // Whether the alarm is raised now and was not before.
  bool rises(const std::string& name, bool is_raised);

  std::map<std::string, double> first_;
  std::set<std::string> raised_;
};

}  // namespace tinyzero
