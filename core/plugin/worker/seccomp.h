// Filters of system calls, written as lists: what is allowed, on which conditions, and what
// everything else gets.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

namespace tinyzero {

// A condition on one argument of a system call. Arguments have 64 bits and are looked at by halves.
struct CallCondition {
  enum class Test {
    equal,
    none_of,
    any_of
  };  // the half is `value`; it has none of its bits; it has one of them
  int argument = 0;
  Test test = Test::equal;
  std::uint32_t value = 0;
  bool high_half = false;
};

class SystemCallFilter {
 public:
  using Conditions = std::vector<CallCondition>;

  // Calls of another architecture end the process.
  SystemCallFilter();

  void allow(long call);
  // Where all conditions of one of the `ways` hold. Otherwise the call fails with an error number
  // or, if that is 0, traps.
  void allow_if(long call, const std::vector<Conditions>& ways, int otherwise = 0);
  // Where an argument has one of these values.
  void allow_values(long call, int argument, const std::vector<std::uint32_t>& values,
                    int otherwise = 0);
  void fail(long call, int error) { allow_if(call, {}, error); }

  // The filter, in which every other call traps: SIGSYS, with the call's number in its siginfo.
  std::vector<sock_filter> finish();

 private:
  void load(std::uint32_t offset);
  void jump(int test, std::uint32_t value, std::size_t if_true, std::size_t if_false);
  void answer(std::uint32_t action);

  std::vector<sock_filter> code_;
};

}  // namespace tinyzero
