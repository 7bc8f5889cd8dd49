// A loss is the same however a step reaches it.

#include <doctest/doctest.h>

#include "support/algorithm_checks.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/algorithm/check_sameness");

TEST_CASE("a loss that depends on its micro-batch is named with both values and the case") {
  const std::string detail = failure("micro_batches", faulty({"fault=local_mean"}));
  CHECK(detail.find("in one piece, then in 2 micro-batches: the loss is") != std::string::npos);
  CHECK(detail.find("case ") != std::string::npos);
}

TEST_CASE("order, state and threads are told apart") {
  CHECK(failure("order", faulty({"fault=order"})).find("episodes in another order") !=
        std::string::npos);
  CHECK(failure("deterministic", faulty({"fault=state"})) != "");
  CHECK(failure("threads", faulty({"fault=state"})).find("alone, then with 3 other threads") !=
        std::string::npos);
  CHECK(failure("groups", faulty({})) == "");
}
