// Values of different kinds side by side.

#include "tasks/dataset/math/compare.h"

#include <doctest/doctest.h>

#include "tasks/dataset/math/reader.h"

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/math/compare");

TEST_CASE("comparing does not depend on which side is the reference") {
  struct Case {
    const char *a, *b;
    Sameness sameness;
  };
  const Case cases[] = {{"(1,2)", "(1,2)", Sameness::same},
                        {"(1,2)", "[1,2]", Sameness::different},
                        {"(1,2,3)", "[1,2,3]", Sameness::unknown},
                        {"1,2", "(1,2)", Sameness::unknown},
                        {"1,2", "(1,3)", Sameness::different},
                        {"x=5", "5", Sameness::same},
                        {"x=5", "y=5", Sameness::unknown},
                        {"x=5", "y=6", Sameness::different},
                        {"5 km", "5 cm", Sameness::unknown},
                        {"5 km", "6 cm", Sameness::different},
                        {"5 km", "5", Sameness::same},
                        {"50%", "0.5", Sameness::same},
                        {"5", "5m", Sameness::unknown},
                        {"5", "5q", Sameness::different},
                        {"1,\\sqrt{4+2\\sqrt3}", "1+\\sqrt{3},1", Sameness::unknown},
                        {"1,\\sqrt{4+2\\sqrt3}", "1,7", Sameness::different}};
  for (const Case& c : cases) {
    CAPTURE(c.a);
    CAPTURE(c.b);
    Algebra algebra;
    const Value a = read_math(c.a, algebra), b = read_math(c.b, algebra);
    CHECK(compare(a, b, algebra) == c.sameness);
    CHECK(compare(b, a, algebra) == c.sameness);
  }
}

TEST_CASE("long lists exceed the bound of work") {
  std::string list = "1";
  while (list.size() < 1900) list += ", 1";
  std::string other = "2";
  while (other.size() < 1900) other += ", 2";
  Algebra algebra;
  const Value a = read_math(list, algebra), b = read_math(other, algebra);
  CHECK_THROWS_AS(compare(a, b, algebra), Undecided);
}
