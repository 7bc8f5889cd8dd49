// Where the sequences of a packed batch lie: N tokens, one sequence after the other, no padding.
#pragma once

#include <cstdint>
#include <iterator>
#include <vector>

namespace tinyzero {

// Sequence s has the rows starts[s] … starts[s+1]-1, at the positions 0, 1, …  A sequence may
// continue an earlier one, as completions continue the prompt that they share: then its positions
// follow those of the earlier sequence, whose rows it sees, too.
struct PackedShape {
  std::vector<std::int64_t> starts = {0};
  // By sequence: the sequence that it continues, which continues none itself; -1: none.
  std::vector<std::int64_t> continues;

  std::int64_t tokens() const { return starts.back(); }
  std::int64_t sequences() const { return std::ssize(continues); }
  std::int64_t start(std::int64_t s) const { return starts[s]; }
  std::int64_t length(std::int64_t s) const { return start(s + 1) - start(s); }
  std::int64_t parent(std::int64_t s) const { return continues[s]; }
  std::int64_t first_position(std::int64_t s) const {
    return parent(s) < 0 ? 0 : length(parent(s));
  }

  // Positions of the longest sequence, and at least 1.
  std::int64_t longest() const;

  void add(std::int64_t length);
  // Adds a sequence that continues the last one that continues none.
  void add_continuation(std::int64_t length);
};

}  // namespace tinyzero
