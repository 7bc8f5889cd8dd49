#include "core/plugin/worker/seccomp.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "support/filter_machine.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/seccomp");

namespace {

using Test = CallCondition::Test;

constexpr std::uint64_t kHigh = std::uint64_t{1} << 32;

// Numbers that stand for system calls: a filter compares them and knows nothing of calls.
constexpr long kFirst = 11, kSecond = 12, kOther = 13;

}  // namespace

TEST_CASE("calls that are not listed trap, and those of another architecture end the process") {
  SystemCallFilter filter;
  filter.allow(kFirst);
  filter.allow(kSecond);
  const auto code = filter.finish();
  CHECK(run_filter(code, call_of(kFirst)) == SECCOMP_RET_ALLOW);
  CHECK(run_filter(code, call_of(kSecond)) == SECCOMP_RET_ALLOW);
  CHECK(run_filter(code, call_of(kOther)) == SECCOMP_RET_TRAP);
  CHECK(run_filter(code, call_of(0x40000000 | kFirst)) == SECCOMP_RET_TRAP);  // x32
  seccomp_data foreign = call_of(kFirst);
  foreign.arch = AUDIT_ARCH_I386;
  CHECK(run_filter(code, foreign) == SECCOMP_RET_KILL_PROCESS);
}

TEST_CASE("conditions look at one half of an argument") {
  struct Case {
    CallCondition condition;
    std::uint64_t argument;
    bool holds;
  };
  const Case cases[] = {
      {{.argument = 1, .test = Test::equal, .value = 7}, 7, true},
      {{.argument = 1, .test = Test::equal, .value = 7}, 8, false},
      {{.argument = 1, .test = Test::equal, .value = 7}, 7 + kHigh, true},
      {{.argument = 1, .test = Test::equal, .value = 1, .high_half = true}, kHigh, true},
      {{.argument = 1, .test = Test::equal, .value = 1, .high_half = true}, 1, false},
      {{.argument = 1, .test = Test::none_of, .value = 6}, 1, true},
      {{.argument = 1, .test = Test::none_of, .value = 6}, 3, false},
      {{.argument = 1, .test = Test::any_of, .value = 6}, 3, true},
      {{.argument = 1, .test = Test::any_of, .value = 6}, 1, false},
      {{.argument = 1, .test = Test::any_of, .value = ~0u, .high_half = true}, 5 * kHigh, true},
      {{.argument = 1, .test = Test::any_of, .value = ~0u, .high_half = true}, ~0u, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.argument);
    SystemCallFilter filter;
    filter.allow_if(kFirst, {{c.condition}});
    const auto code = filter.finish();
    // The other arguments are such that looking at them would give the opposite.
    CHECK(is_allowed(code, call_of(kFirst, {~c.argument, c.argument, ~c.argument})) == c.holds);
  }
}

TEST_CASE("a call is allowed if all conditions of one way hold") {
  const auto argument = [](int index, std::uint32_t value) {
    return CallCondition{.argument = index, .value = value};
  };
  SystemCallFilter filter;
  filter.allow_if(kFirst, {{argument(0, 1), argument(1, 2)}, {argument(0, 3)}}, EPERM);
  filter.allow(kSecond);
  const auto code = filter.finish();
  CHECK(is_allowed(code, call_of(kFirst, {1, 2})));
  CHECK(is_allowed(code, call_of(kFirst, {3, 9})));
  CHECK(run_filter(code, call_of(kFirst, {1, 3})) == (SECCOMP_RET_ERRNO | EPERM));
  CHECK(run_filter(code, call_of(kFirst, {2, 2})) == (SECCOMP_RET_ERRNO | EPERM));
  CHECK(is_allowed(code, call_of(kSecond)));  // what follows is not skipped
  CHECK(run_filter(code, call_of(kOther)) == SECCOMP_RET_TRAP);
}

TEST_CASE("values and failures are short forms") {
  SystemCallFilter filter;
  filter.allow_values(kFirst, 2, {5, 7});
  filter.fail(kSecond, ENOSYS);
  const auto code = filter.finish();
  CHECK(is_allowed(code, call_of(kFirst, {0, 0, 5})));
  CHECK(is_allowed(code, call_of(kFirst, {0, 0, 7})));
  CHECK(run_filter(code, call_of(kFirst, {0, 0, 6})) == SECCOMP_RET_TRAP);
  CHECK(run_filter(code, call_of(kSecond)) == (SECCOMP_RET_ERRNO | ENOSYS));
}
