#include "core/task/traits.h"

#include <algorithm>
#include <cmath>

#include "core/plugin/task_code.h"

namespace tinyzero {

std::optional<std::size_t> trait_index(const std::vector<TaskTrait>& traits,
                                       const std::string& name) {
  const auto found = std::ranges::find(traits, name, &TaskTrait::name);
  if (found == traits.end()) return std::nullopt;
  return found - traits.begin();
}

TraitMeans::TraitMeans(const std::vector<TaskTrait>& traits) {
  for (const TaskTrait& trait : traits)
    sums_.push_back({.name = trait.name, .per = trait_index(traits, trait.per)});
}

void TraitMeans::add(const std::vector<double>& row) {
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    Sum& sum = sums_[i];
    const double weight = sum.per ? row[*sum.per] : 1.0;
    if (std::isnan(row[i]) || !(weight > 0)) continue;
    sum.weighted += weight * row[i];
    sum.weights += weight;
    sum.completions += 1;
  }
}

std::vector<TraitMean> TraitMeans::means() const {
  std::vector<TraitMean> out;
  for (const Sum& sum : sums_) {
    if (sum.completions == 0) continue;
    out.push_back(
        {.name = sum.name, .mean = sum.weighted / sum.weights, .completions = sum.completions});
  }
  return out;
}

}  // namespace tinyzero
