// Whether two mathematical answers say the same.
#pragma once

#include "tasks/dataset/math/algebra.h"
#include "tasks/dataset/math/value.h"

namespace tinyzero::dataset {

// `unknown` where it cannot be told: other brackets around the same numbers, other units, forms of
// inequalities, and functions that stay as they are. Scalars of both values come from `algebra`.
// Throws Undecided where that takes too long.
Sameness compare(const Value& reference, const Value& answer, Algebra& algebra);

}  // namespace tinyzero::dataset
