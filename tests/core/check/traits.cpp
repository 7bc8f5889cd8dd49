// The check of traits, on a good task and on faults that it must find.

#include <doctest/doctest.h>

#include "support/checked.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/check/traits");

TEST_CASE("traits that are infinite, or that depend on earlier calls, are found") {
  CHECK(check_traits(faulty("none")).detail.find("1 traits of 1003 completions") == 0);
  CHECK(fault_of(check_traits, faulty("infinite")) == "the trait \"length\" of \"\" is infinite");
  CHECK(fault_of(check_traits, faulty("forgets")) ==
        "a second instance counts other traits of the same completions");
}
