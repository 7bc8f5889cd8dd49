// Reads mathematical answers, in LaTeX or plain text: \frac{3}{4}, 2\sqrt{3}, (-\infty, 5], {1, 2},
// x = 1/2, 45^\circ, 12 cm, \text{Tuesday}.
//
//   answer   := relation ((',' | ';' | "and" | "or") relation)*     a list; "3 \pm 2" is one, too
//   relation := join (('=' | '<' | …) join)*
//   join     := sum ('\cup' sum)*
//   sum      := ['-'] term (('+' | '-' | '\pm') term)* [unit]
//   term     := factor (['*' | '/'] factor)*
//   factor   := base ['^' exponent] ['!']
//
// A number beside a fraction of integers is a mixed number: 3\frac{1}{2} and 3 1/2 are 3.5. Words
// and two letters that name a unit are the unit of the number before them; other letters are
// variables. Outside of brackets, 1,234 is one number, and 1, 234 are two.
#pragma once

#include <string_view>

#include "tasks/dataset/math/algebra.h"
#include "tasks/dataset/math/cursor.h"
#include "tasks/dataset/math/value.h"

namespace tinyzero::dataset {

// `text` is of plain_math(). Throws Unreadable, or Undecided for what cannot be computed. The work
// is bounded: texts have at most kLongestMath bytes and 64 levels.
inline constexpr std::size_t kLongestMath = 2000;
Value read_math(std::string_view text, Algebra& algebra);

}  // namespace tinyzero::dataset
