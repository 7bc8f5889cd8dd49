#include "tinyzero/number_traits.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/number_traits");

namespace {

// steps, slips, follows, distance; -1 for a trait that does not apply.
std::array<double, 4> traits_of(std::string_view completion, std::int64_t truth) {
  std::array<double, 4> row = number_traits(completion, truth);
  for (double& value : row) value = std::isnan(value) ? -1 : value;
  return row;
}

}  // namespace

TEST_CASE("steps, slips, whether the answer follows, and its distance") {
  CHECK(traits_of("4+5=9,3*9=27<answer>27</answer>", 27) == std::array{2.0, 0.0, 1.0, 0.0});
  CHECK(traits_of("4+5=8,3*8=24<answer>24</answer>", 27) == std::array{2.0, 0.5, 1.0, 3.0});
  CHECK(traits_of("4+5=9,3*9=27<answer>28</answer>", 27) == std::array{2.0, 0.0, 0.0, 1.0});
  CHECK(traits_of("<answer>-3</answer>", 27) == std::array{0.0, -1.0, -1.0, 30.0});
  CHECK(traits_of("4+5=9", 27) == std::array{1.0, 0.0, -1.0, -1.0});
  CHECK(traits_of("", 27) == std::array{0.0, -1.0, -1.0, -1.0});
}

TEST_CASE("an answer that is no number has no distance, and equations in it are no steps") {
  CHECK(traits_of("1+1=2<answer>1+1=2</answer>", 2) == std::array{1.0, 0.0, -1.0, -1.0});
  CHECK(traits_of("<answer>5/2</answer>", 2) == std::array{0.0, -1.0, -1.0, 0.5});
  CHECK(traits_of("<answer>5/0</answer>", 2) == std::array{0.0, -1.0, -1.0, -1.0});
}
