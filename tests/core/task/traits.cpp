#include "core/task/traits.h"

#include <doctest/doctest.h>

#include "support/task.h"
#include "tinyzero/traits.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/task/traits");

TEST_CASE("a share is weighed by what it is a share of, and what does not apply is left out") {
  TraitMeans means(
      {{"steps", "", ""}, {"slips", "", "steps"}, {"nearest", "", ""}, {"claims", "", ""}});
  means.add({10, 0.1, 3, kNoTrait});
  means.add({2, 1, kNoTrait, kNoTrait});
  means.add({0, kNoTrait, 5, kNoTrait});
  const std::vector<TraitMean> wanted = {
      {"steps", 4, 3}, {"slips", 3.0 / 12, 2}, {"nearest", 4, 2}};
  CHECK(means.means() == wanted);
  CHECK(TraitMeans({}).means().empty());
}

TEST_CASE("a number that is not finite does not apply") {
  const Task task = open_task(TINYZERO_BROKEN "/hostile.so");
  CHECK(task.can_count_traits());
  const auto rows = task.count_traits({{"{}", "infinite"}, {"{}", "abc"}});
  CHECK(rows[0][0] != rows[0][0]);
  CHECK(rows[1][0] == 3);
}
