// Decimal numerals in text, exactly.
#pragma once

#include <optional>
#include <string_view>

#include "tinyzero/rational.h"

namespace tinyzero::dataset {

enum class Separators { none, thousands };

struct Numeral {
  Rational value;
  bool fits = true;         // whether the value fits Rational
  bool is_integer = false;  // whether it is written as one: digits, perhaps with separators
};

// Removes the numeral at the front of `text`: digits, a decimal point and an exponent ("1,234.50",
// ".5", "42.", "4.2e-3"), without a sign. Separators stand between groups of three digits. nullopt,
// and `text` unchanged, if there is none. Linear in the length of the numeral.
std::optional<Numeral> take_numeral(std::string_view& text, Separators separators);

}  // namespace tinyzero::dataset
