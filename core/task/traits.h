// Means of traits over completions (tinyzero/traits_abi.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tinyzero {

struct TaskTrait;

// The trait of completions that answer although they have found nothing.
inline constexpr const char* kGaveUp = "gave_up";

// The index of a trait; nothing if it is none of these.
std::optional<std::size_t> trait_index(const std::vector<TaskTrait>& traits,
                                       const std::string& name);

struct TraitMean {
  std::string name;
  double mean = 0;
  double completions = 0;  // that the trait applies to
  bool operator==(const TraitMean&) const = default;
};

class TraitMeans {
 public:
  explicit TraitMeans(const std::vector<TaskTrait>& traits);

  // The traits of a completion, in the order of the constructor's. NaN: one does not apply.
  void add(const std::vector<double>& row);
  // In the order of the traits. Those that apply to no completion are left out.
  std::vector<TraitMean> means() const;

 private:
  struct Sum {
    std::string name;
    std::optional<std::size_t> per;  // the trait that weighs it; none: all weigh the same
    double weighted = 0;
    double weights = 0;
    double completions = 0;
  };

  std::vector<Sum> sums_;
};

}  // namespace tinyzero
