// One problem: its numbers and its target, as a state and in words.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tinyzero/item.h"
#include "tinyzero/state.h"

namespace tinyzero::countdown {

// A problem read from its state.
struct Problem {
  Integers numbers;
  std::int64_t target = 0;

  // Throws BadState.
  explicit Problem(std::string_view state) {
    const StateReader reader(state);
    numbers = reader.integers("numbers");
    target = reader.integer("target");
    if (numbers.empty() || numbers.size() > 64)
      throw BadState("\"numbers\" must hold 1 to 64 integers");
    if (*std::min_element(numbers.begin(), numbers.end()) < 0)
      throw BadState("\"numbers\" must not be negative");
  }
};

// The item of a drawn problem, without its difficulty. `wording` is "short", "long" or "tinyzero".
Item item_of(const std::vector<std::int64_t>& numbers, std::int64_t target,
             const std::string& wording, const std::string& hold_out = "problems");

}  // namespace tinyzero::countdown
