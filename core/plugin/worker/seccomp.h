// Filters of system calls, built from lists of allowed calls and their conditions.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

namespace tinyzero {

// A condition on one half of an argument of a system call. Arguments have 64 bits.
struct CallCondition {
  enum class Test {
    equal,    // the half is `value`
    none_of,  // the half has none of the bits of `value`
    any_of    // the half has at least one bit of `value`
  };
  int argument = 0;
  Test test = Test::equal;
  std::uint32_t value = 0;
  bool high_half = false;
};

class SystemCallFilter {
 public:
  using Conditions = std::vector<CallCondition>;

  // Calls that are not allowed fail with this error number, or trap if it is 0: SIGSYS, with the
  // call's number in its siginfo. Calls of another architecture end the process.
  explicit SystemCallFilter(int refusal = 0);

  void allow(long call);
  // Allows the call if all conditions of at least one of `ways` hold. Otherwise it fails with the
  // error number `otherwise`, or like every call that is not allowed if that is 0.
  void allow_if(long call, const std::vector<Conditions>& ways, int otherwise = 0);
  // Allows the call if an argument has one of these values.
  void allow_values(long call, int argument, const std::vector<std::uint32_t>& values,
                    int otherwise = 0);
  void fail(long call, int error) { allow_if(call, {}, error); }
  // Calls from this number on that were not allowed so far fail.
  void fail_from(long call, int error);

  // Completes the filter.
  std::vector<sock_filter> finish();

 private:
  void load(std::uint32_t offset);
  void jump(int test, std::uint32_t value, std::size_t if_true, std::size_t if_false);
  void answer(std::uint32_t action);

  std::uint32_t refusal_;  // the filter's answer to calls that are not allowed
  std::vector<sock_filter> code_;
};

}  // namespace tinyzero
