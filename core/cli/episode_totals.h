// Sums over the lines of a file of episodes, and their table by reason.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "core/base/json.h"

namespace tinyzero {

class EpisodeTotal {
 public:
  // A line of episodes/. Fields that are missing or have another type are left out of the means.
  void add(const Json& record);

  double count() const { return count_; }
  // Means over the episodes that have the field; NaN if none has it.
  double reward() const { return reward_.mean(); }
  double tokens() const { return tokens_.mean(); }
  double right() const { return right_.mean(); }  // share; older programs did not record it
  // Share of completions that were cut at the limit of tokens.
  double cut() const { return cut_ / count_; }

 private:
  struct Mean {
    double sum = 0;
    double count = 0;

    void add(double value);
    double mean() const;
  };

  double count_ = 0;
  double cut_ = 0;
  Mean reward_;
  Mean tokens_;
  Mean right_;
};

// A reason as the table shows it: one line, cut.
std::string reason_word(const std::string& reason);

struct TableSize {
  std::size_t rows = 20;  // at most; a last line counts the others
  std::size_t columns = 80;
};

// Count, share, mean reward and mean tokens of each reason, the most frequent first.
std::string reasons_table(const std::map<std::string, EpisodeTotal>& reasons, TableSize size);

}  // namespace tinyzero
