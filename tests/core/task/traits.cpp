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

TEST_CASE("a task that fails to count traits again and again is not asked any more") {
  const Task task = open_task(TINYZERO_BROKEN "/hostile.so");
  const std::vector<Answer> bad(3, Answer{"{}", "crash"});
  CHECK(task.traits_fault().empty());
  for (const TraitRow& row : task.count_traits(bad)) CHECK(row[0] != row[0]);
  CHECK(task.traits_fault().find("its worker was lost 3 times") != std::string::npos);
  CHECK(task.count_traits({{"{}", "abc"}}).front()[0] != 3);
  CHECK(task.verify({{"{}", "right"}}).front().reward == 1);  // judging goes on
}

TEST_CASE("a number that is not finite does not apply") {
  const Task task = open_task(TINYZERO_BROKEN "/hostile.so");
  CHECK(task.can_count_traits());
  const auto rows = task.count_traits({{"{}", "infinite"}, {"{}", "abc"}});
  CHECK(rows[0][0] != rows[0][0]);
  CHECK(rows[1][0] == 3);
}
