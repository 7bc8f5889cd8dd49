// Verdicts on the same completions before and after the settings of a task changed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/json.h"

namespace tinyzero {

// A verdict as records have it.
struct RecordedVerdict {
  std::string outcome;
  std::string reason;
  double reward = 0;
  bool right = false;

  bool operator==(const RecordedVerdict&) const = default;
};

class PairedVerdicts {
 public:
  // `examples`: how many changed completions are kept, the first ones of each kind of change.
  explicit PairedVerdicts(std::int64_t examples) : most_examples_(examples) {}

  void add(const RecordedVerdict& before, const RecordedVerdict& after, Json record);

  std::int64_t completions() const { return completions_; }
  Json json() const;
  // Shares and mean rewards, a row for each pair of reasons, then the examples.
  std::string text(std::size_t columns) const;

 private:
  struct Side {
    double right = 0;
    double reward = 0;
  };
  // Completions with one reason before and one after.
  struct Change {
    std::int64_t count = 0;
    double before = 0;  // sums of rewards
    double after = 0;
    bool changes = false;
  };
  struct Example {
    RecordedVerdict before, after;
    Json record;
  };

  std::vector<std::pair<std::pair<std::string, std::string>, Change>> rows() const;
  std::string table() const;

  std::int64_t most_examples_;
  std::int64_t completions_ = 0;
  std::int64_t gained_ = 0;  // became right
  std::int64_t lost_ = 0;    // are no longer right
  std::int64_t changed_ = 0;
  Side before_, after_;
  std::map<std::pair<std::string, std::string>, Change> changes_;  // by reasons
  std::vector<Example> examples_;
};

}  // namespace tinyzero
