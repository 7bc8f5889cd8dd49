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
  // Continues from what first_steps() gave.
  explicit Alarms(std::map<std::string, double> first_steps) : first_(std::move(first_steps)) {}

  // The alarms that a step's record raises. `limit_grows`: later steps allow longer completions.
  std::vector<std::string> heard(const Json& record, bool limit_grows = false);

  // What later steps are compared with: numbers of the first steps.
  const std::map<std::string, double>& first_steps() const { return first_; }

 private:
  double first(const Json& record, const std::string& name);
  // At a run's twentieth step: that accuracy has not risen, and the likeliest cause; empty: it has.
  std::string not_learning(const Json& record);
  std::string cause(const Json& record);
  // Whether the alarm is raised now and was not before.
  bool rises(const std::string& name, bool is_raised);

  std::map<std::string, double> first_;
  std::set<std::string> raised_;
};

}  // namespace tinyzero
