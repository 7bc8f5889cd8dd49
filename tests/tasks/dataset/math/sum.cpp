// Sums: their equality and their texts.

#include "tasks/dataset/math/sum.h"

#include <doctest/doctest.h>

using namespace tinyzero;
using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/math/sum");

TEST_CASE("sums are the same by their coefficients, and multiples by their ratio") {
  const Sum one = {{{}, 1}, {{{"x", 1}}, 2}}, twice = {{{}, 2}, {{{"x", 1}}, 4}},
            other = {{{}, 2}, {{{"x", 1}}, 3}};
  CHECK(same(one, one));
  CHECK_FALSE(same(one, twice));
  CHECK(is_multiple(one, twice));
  CHECK_FALSE(is_multiple(one, other));
  CHECK_FALSE(is_multiple({}, {}));
}

TEST_CASE("a rational scalar says its value, another one refuses") {
  CHECK(to_string(rational_of({.top = {{{}, 5}}})) == "5");
  CHECK(to_string(rational_of({})) == "0");
  CHECK_THROWS_AS(rational_of({.top = {{{{"x", 1}}, 5}}}), Undecided);
  CHECK(text_of({.top = {{{}, 1}}, .bottom = {{{{"x", 1}}, 2}}}) == "(1)/(2*x^1)");
}

TEST_CASE("arithmetic says where there is no value") {
  CHECK_THROWS_AS(computed(1, '/', 0), Undecided);
  CHECK_THROWS_AS(computed(computed(INT64_MAX, '*', INT64_MAX), '*', INT64_MAX), Undecided);
}
