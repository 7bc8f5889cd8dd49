// Runs a seccomp filter on a system call, as the kernel would: an interpreter of the instructions
// that filters are made of (linux/filter.h), written without looking at how they are generated.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <stdexcept>
#include <vector>

namespace tinyzero {

inline seccomp_data call_of(long number, std::initializer_list<std::uint64_t> arguments = {}) {
  seccomp_data data{};
  data.nr = static_cast<int>(number);
#if defined(__x86_64__)
  data.arch = AUDIT_ARCH_X86_64;
#else
  data.arch = AUDIT_ARCH_AARCH64;
#endif
  std::size_t i = 0;
  for (const std::uint64_t argument : arguments) data.args[i++] = argument;
  return data;
}

// The filter's answer: SECCOMP_RET_ALLOW …
inline std::uint32_t run_filter(const std::vector<sock_filter>& code, const seccomp_data& data) {
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < code.size(); ++at) {
    const sock_filter& i = code[at];
    switch (i.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (i.k % 4 != 0 || i.k + 4 > sizeof data)
          throw std::logic_error("load outside of the data");
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + i.k, sizeof accumulator);
        break;
      case BPF_JMP | BPF_JEQ | BPF_K: at += accumulator == i.k ? i.jt : i.jf; break;
      case BPF_JMP | BPF_JSET | BPF_K: at += (accumulator & i.k) != 0 ? i.jt : i.jf; break;
      case BPF_JMP | BPF_JGE | BPF_K: at += accumulator >= i.k ? i.jt : i.jf; break;
      case BPF_RET | BPF_K: return i.k;
      default: throw std::logic_error("an instruction that filters do not use");
    }
  }
  throw std::logic_error("the filter has no end");
}

inline bool is_allowed(const std::vector<sock_filter>& code, const seccomp_data& data) {
  return run_filter(code, data) == SECCOMP_RET_ALLOW;
}

}  // namespace tinyzero
