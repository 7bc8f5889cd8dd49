#include "core/plugin/worker/seccomp.h"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cstddef>

namespace tinyzero {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "name this machine's audit architecture here"
#endif

std::uint32_t offset_of(const CallCondition& condition) {
  const std::uint32_t argument = offsetof(seccomp_data, args) + 8 * condition.argument;
  return argument + (condition.high_half ? 4 : 0);  // both architectures are little-endian
}

}  // namespace

SystemCallFilter::SystemCallFilter(int refusal)
    : refusal_(refusal != 0 ? SECCOMP_RET_ERRNO | refusal : SECCOMP_RET_TRAP) {
  load(offsetof(seccomp_data, arch));
  jump(BPF_JEQ, kArchitecture, 1, 0);
  answer(SECCOMP_RET_KILL_PROCESS);
  load(offsetof(seccomp_data, nr));
}

void SystemCallFilter::allow(long call) {
  jump(BPF_JEQ, call, 0, 1);
  answer(SECCOMP_RET_ALLOW);
}

void SystemCallFilter::allow_if(long call, const std::vector<Conditions>& ways, int otherwise) {
  // Instructions for this call: the ways, each with its answer at the end, and the answer if no way
  // holds.
  std::size_t length = 1;
  for (const Conditions& way : ways) length += 2 * way.size() + 1;
  jump(BPF_JEQ, call, 0, length);
  for (const Conditions& way : ways) {
    std::size_t to_next = 2 * way.size() + 1;
    for (const CallCondition& condition : way) {
      load(offset_of(condition));
      to_next -= 2;
      switch (condition.test) {
        case CallCondition::Test::equal: jump(BPF_JEQ, condition.value, 0, to_next); break;
        case CallCondition::Test::none_of: jump(BPF_JSET, condition.value, to_next, 0); break;
        case CallCondition::Test::any_of: jump(BPF_JSET, condition.value, 0, to_next); break;
      }
    }
    answer(SECCOMP_RET_ALLOW);
  }
  answer(otherwise != 0 ? SECCOMP_RET_ERRNO | otherwise : refusal_);
}

void SystemCallFilter::allow_values(long call, int argument,
                                    const std::vector<std::uint32_t>& values, int otherwise) {
  std::vector<Conditions> ways;
  for (const std::uint32_t value : values) ways.push_back({{.argument = argument, .value = value}});
  allow_if(call, ways, otherwise);
}

void SystemCallFilter::fail_from(long call, int error) {
  jump(BPF_JGE, call, 0, 1);
  answer(SECCOMP_RET_ERRNO | error);
}

std::vector<sock_filter> SystemCallFilter::finish() {
  answer(refusal_);
  return code_;
}

void SystemCallFilter::load(std::uint32_t offset) {
  code_.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, offset});
}

void SystemCallFilter::jump(int test, std::uint32_t value, std::size_t if_true,
                            std::size_t if_false) {
  code_.push_back({static_cast<std::uint16_t>(BPF_JMP | test | BPF_K),
                   static_cast<std::uint8_t>(if_true), static_cast<std::uint8_t>(if_false), value});
}

void SystemCallFilter::answer(std::uint32_t action) {
  code_.push_back({BPF_RET | BPF_K, 0, 0, action});
}

}  // namespace tinyzero
