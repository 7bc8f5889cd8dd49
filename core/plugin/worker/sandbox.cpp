#include "core/plugin/worker/sandbox.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <fstream>
#include <vector>

#include "core/base/error.h"

namespace tinyzero {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "name this machine's audit architecture here"
#endif

volatile std::int32_t* forbidden = nullptr;

void on_forbidden_call(int, siginfo_t* info, void*) {
  *forbidden = info->si_syscall;
  ::_exit(1);
}

// A filter, built from the top; every rule ends in `allow` or falls through to the next.
class Filter {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    add(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
    add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
  }

  void allow(long call) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1);
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  }
  // Only where argument `i` has the value.
  void allow_if_equal(long call, int i, std::uint32_t value) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 4);
    load(argument(i));
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    add(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
  }
  // Only where argument `i` has none of the bits, and argument `j`, if not negative, has that one.
  void allow_without(long call, int i, std::uint32_t bits, int j = -1, std::uint32_t needed = 0) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, j < 0 ? 4 : 6);
    load(argument(i));
    add(BPF_JMP | BPF_JSET | BPF_K, bits, j < 0 ? 1 : 3, 0);
    if (j >= 0) {
      load(argument(j));
      add(BPF_JMP | BPF_JSET | BPF_K, needed, 0, 1);
    }
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    add(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
  }

  // Everything else traps. From here on the filter holds.
  bool install() {
    add(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    const sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
  }

 private:
  static std::uint32_t argument(int i) {
    return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8 * static_cast<std::size_t>(i));
  }
  void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }
  void add(int code, std::uint32_t k, int yes = 0, int no = 0) {
    code_.push_back({static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(yes), static_cast<std::uint8_t>(no), k});
  }

  std::vector<sock_filter> code_;
};

void limit(decltype(RLIMIT_AS) resource, std::uint64_t value) {
  const rlimit to{value, value};
  if (::setrlimit(resource, &to) != 0) throw Failure("a limit of a task's worker cannot be set");
}

}  // namespace

void limit_process(std::uint64_t memory) {
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  if (kSanitized) return;  // shadow memory takes terabytes of address space
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  limit(RLIMIT_AS, pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) + memory);
}

void forbid_system_calls(volatile std::int32_t* forbidden_call) {
  if (kSanitized) return;
  forbidden = forbidden_call;
  struct sigaction action {};
  action.sa_sigaction = on_forbidden_call;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  ::sigaction(SIGSYS, &action, nullptr);
  Filter filter;
  for (const long call : {SYS_futex, SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_clock_gettime, SYS_gettimeofday, SYS_clock_nanosleep,
                          SYS_nanosleep, SYS_sched_yield, SYS_getrandom, SYS_getpid, SYS_gettid, SYS_rt_sigprocmask, SYS_rt_sigreturn,
                          SYS_restart_syscall, SYS_exit, SYS_exit_group}) {
    filter.allow(call);
  }
  filter.allow_without(SYS_mprotect, 2, PROT_EXEC);
  filter.allow_without(SYS_mmap, 2, PROT_EXEC, 3, MAP_ANONYMOUS);
  filter.allow_if_equal(SYS_tgkill, 0, static_cast<std::uint32_t>(::getpid()));  // abort()
  filter.allow_if_equal(SYS_write, 0, STDERR_FILENO);                            // what abort() says; goes nowhere
  if (!filter.install())
    throw Failure("this kernel cannot confine a task's worker (no seccomp)", "set task.in_process: true if you trust the task");
}

}  // namespace tinyzero
