// What an update did to the weights, in a few numbers. Two runs that began with the same weights
// and took the same step have the same numbers up to rounding; two different steps do not.
#pragma once

#include <vector>

#include "core/model/parameters.h"

namespace tinyzero {

// Sums of the weights with random signs, which are the same every time: the difference of two such
// lists is that of the sums of an update. Of a large model, weights at equal distances stand for
// all.
std::vector<double> weight_sums(const Model& model);

// Whether two updates, by their sums, are equal up to rounding. Updates of nothing are not.
bool is_same_update(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace tinyzero
