// What a mathematical answer can be.
#pragma once

#include <string>
#include <vector>

#include "tasks/dataset/math/sum.h"

namespace tinyzero::dataset {

struct Value {
  enum class Kind {
    scalar,
    group,     // in brackets: a tuple, an interval, a set, a matrix; without any: a list
    join,      // a union of groups
    relation,  // an equation or inequality
    word,      // a text
    based      // an integer in a base: 1011_2
  };
  Kind kind = Kind::scalar;
  Scalar scalar = {};
  // Of a scalar its unit; of a group its brackets; of a relation its signs: "=", "<<"; else the
  // text itself.
  std::string text = {};
  std::vector<Value> items = {};  // of a group and a join; the sides of a relation
};

inline constexpr const char* kPercent = "%";

}  // namespace tinyzero::dataset
