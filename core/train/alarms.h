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

// What a step's numbers do not say themselves.
struct AlarmContext {
  bool limit_grows = false;     // later steps allow longer completions
  bool judges_learning = true;  // accuracy is what the policy is to learn
};

class Alarms {
 public:
  Alarms() = default;
  // Continues from what first_steps() gave.
  explicit Alarms(std::map<std::string, double> first_steps) : first_(std::move(first_steps)) {}

  // The alarms that a step's record raises.
  std::vector<std::string> heard(const Json& record, const AlarmContext& context = {});

  // What later steps are compared with: numbers of the first steps.
  const std::map<std::string, double>& first_steps() const { return first_; }

 private:
  double first(const Json& record, const std::string& name);
  // At a run's twentieth step: that no rise of accuracy stands out, and the likeliest cause; empty:
  // one does.
  std::string not_learning(const Json& record);
  std::string cause(const Json& record);
  // Whether the alarm is raised now and was not before.
  bool rises(const std::string& name, bool is_raised);

  std::map<std::string, double> first_;
  std::set<std::string> raised_;
};

}  // namespace tinyzero
