// The filters, run by an interpreter: no process is confined here. What the kernel makes of
// them is tested in hostile_acts.cpp.

#include "core/plugin/worker/filters.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "support/filter_machine.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/filters");

namespace {

constexpr std::uint32_t kFilterAddress = 0x10000000;
constexpr std::uint64_t kFarAddress = std::uint64_t{1} << 40;

const std::vector<sock_filter>& loading() {
  static const std::vector<sock_filter> code = loading_filter(kFilterAddress);
  return code;
}
const std::vector<sock_filter>& computing() {
  static const std::vector<sock_filter> code = computing_filter();
  return code;
}

std::uint64_t own_pid() { return ::getpid(); }

}  // namespace

TEST_CASE("no stage reaches other processes, the network or the kernel") {
  for (const long call : {SYS_socket, SYS_execve, SYS_kill, SYS_ptrace, SYS_process_vm_readv,
                          SYS_io_uring_setup, SYS_bpf, SYS_perf_event_open, SYS_mount, SYS_unshare,
                          SYS_setns, SYS_unlinkat, SYS_renameat2, SYS_mkdirat, SYS_ftruncate,
                          SYS_memfd_create, SYS_keyctl, SYS_userfaultfd, SYS_pidfd_open}) {
    CAPTURE(call);
    CHECK(run_filter(loading(), call_of(call)) == SECCOMP_RET_TRAP);
    CHECK(run_filter(computing(), call_of(call)) == SECCOMP_RET_TRAP);
  }
}

TEST_CASE("both stages compute, wait and end") {
  for (const long call : {SYS_futex, SYS_brk, SYS_clock_gettime, SYS_getrandom, SYS_exit_group}) {
    CAPTURE(call);
    CHECK(is_allowed(loading(), call_of(call)));
    CHECK(is_allowed(computing(), call_of(call)));
  }
  for (const auto* code : {&loading(), &computing()}) {
    CHECK(is_allowed(*code, call_of(SYS_tgkill, {own_pid(), own_pid(), SIGABRT})));
    CHECK_FALSE(is_allowed(*code, call_of(SYS_tgkill, {own_pid() + 1, 1, SIGKILL})));
  }
}

TEST_CASE("files are opened for reading, and only while loading") {
  const auto opening = [](std::uint64_t flags) {
    return call_of(SYS_openat, {static_cast<std::uint64_t>(AT_FDCWD), kFarAddress, flags});
  };
  CHECK(is_allowed(loading(), opening(O_RDONLY | O_CLOEXEC)));
  CHECK(is_allowed(loading(), opening(O_RDONLY | O_DIRECTORY)));
  for (const int flags :
       {O_WRONLY, O_RDWR, O_RDONLY | O_CREAT, O_RDONLY | O_TRUNC, O_TMPFILE | O_RDWR}) {
    CAPTURE(flags);
    CHECK(run_filter(loading(), opening(flags)) == SECCOMP_RET_TRAP);
  }
  CHECK(run_filter(computing(), opening(O_RDONLY)) == SECCOMP_RET_TRAP);
}

TEST_CASE("output goes to the standard streams only, and in the second stage to errors only") {
  CHECK(is_allowed(loading(), call_of(SYS_write, {1})));
  CHECK(is_allowed(loading(), call_of(SYS_write, {2})));
  CHECK_FALSE(is_allowed(loading(), call_of(SYS_write, {3})));
  CHECK_FALSE(is_allowed(computing(), call_of(SYS_write, {1})));
  CHECK(is_allowed(computing(), call_of(SYS_write, {2})));
}

TEST_CASE("threads are made while loading, without namespaces, and not later") {
  const std::uint64_t thread = CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD;
  CHECK(is_allowed(loading(), call_of(SYS_clone, {thread})));
  CHECK_FALSE(is_allowed(loading(), call_of(SYS_clone, {SIGCHLD})));
  CHECK_FALSE(is_allowed(loading(), call_of(SYS_clone, {thread | CLONE_NEWUSER})));
  CHECK(run_filter(loading(), call_of(SYS_clone3)) == (SECCOMP_RET_ERRNO | ENOSYS));
  CHECK_FALSE(is_allowed(computing(), call_of(SYS_clone, {thread})));
}

TEST_CASE("the second filter may be installed once loaded, from its address alone") {
  const auto installing = [](std::uint64_t mode, std::uint64_t flags, std::uint64_t program) {
    return is_allowed(loading(), call_of(SYS_seccomp, {mode, flags, program}));
  };
  CHECK(installing(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, kFilterAddress));
  CHECK_FALSE(installing(SECCOMP_SET_MODE_FILTER, 0, kFilterAddress));
  CHECK_FALSE(installing(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, kFilterAddress + 16));
  CHECK_FALSE(installing(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
                         kFilterAddress + (std::uint64_t{1} << 32)));
  CHECK_FALSE(is_allowed(computing(), call_of(SYS_seccomp, {1, 1, kFilterAddress})));
}

TEST_CASE("while loading, nothing in the lowest 4 GiB is mapped over, moved or taken away") {
  const std::uint64_t fixed = MAP_PRIVATE | MAP_FIXED;
  CHECK(is_allowed(loading(), call_of(SYS_mmap, {0, 4096, PROT_READ, MAP_PRIVATE, 3, 0})));
  CHECK(is_allowed(loading(), call_of(SYS_mmap, {kFarAddress, 4096, PROT_READ, fixed, 3, 0})));
  CHECK_FALSE(
      is_allowed(loading(), call_of(SYS_mmap, {kFilterAddress, 4096, PROT_READ, fixed, 3, 0})));
  CHECK(is_allowed(loading(), call_of(SYS_munmap, {kFarAddress, 4096})));
  CHECK_FALSE(is_allowed(loading(), call_of(SYS_munmap, {kFilterAddress, 4096})));
  CHECK_FALSE(is_allowed(loading(), call_of(SYS_mremap, {kFilterAddress, 4096, 8192, 0})));
  CHECK_FALSE(is_allowed(
      loading(), call_of(SYS_mremap, {kFarAddress, 4096, 4096, MREMAP_FIXED | MREMAP_MAYMOVE})));
}

TEST_CASE("in the second stage memory is anonymous and holds no code") {
  const std::uint64_t anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
  const std::uint64_t writable = PROT_READ | PROT_WRITE;
  CHECK(is_allowed(computing(), call_of(SYS_mmap, {0, 4096, writable, anonymous})));
  CHECK_FALSE(is_allowed(computing(), call_of(SYS_mmap, {0, 4096, writable, MAP_PRIVATE, 3})));
  CHECK_FALSE(is_allowed(computing(), call_of(SYS_mmap, {0, 4096, PROT_EXEC, anonymous})));
  CHECK(is_allowed(computing(), call_of(SYS_mprotect, {0, 4096, PROT_READ})));
  CHECK_FALSE(is_allowed(computing(), call_of(SYS_mprotect, {0, 4096, PROT_READ | PROT_EXEC})));
}

TEST_CASE("handlers are set for all signals but SIGSYS") {
  for (int signal = 1; signal < 64; ++signal) {
    CAPTURE(signal);
    const auto setting = call_of(SYS_rt_sigaction, {static_cast<std::uint64_t>(signal)});
    CHECK(is_allowed(loading(), setting) == (signal != SIGSYS));
  }
}

TEST_CASE("limits are read and not set") {
  CHECK(is_allowed(loading(), call_of(SYS_prlimit64, {0, 7, 0, kFarAddress})));
  CHECK(run_filter(loading(), call_of(SYS_prlimit64, {0, 7, kFarAddress, 0})) ==
        (SECCOMP_RET_ERRNO | EPERM));
  CHECK_FALSE(is_allowed(loading(), call_of(SYS_prctl, {PR_SET_DUMPABLE, 1})));
  CHECK(is_allowed(loading(), call_of(SYS_prctl, {PR_SET_NAME, kFarAddress})));
}

TEST_CASE("an interpreter is refused with an error what reaches beyond it, and no more") {
  constexpr std::uint32_t kForbidden = SECCOMP_RET_ERRNO | EPERM;
  constexpr pid_t kWorker = 4711;
  const auto code = interpreter_filter(kWorker, {.files_are_ruled = true});
  for (const long call :
       {SYS_socket,    SYS_connect, SYS_execve,       SYS_ptrace,  SYS_process_vm_readv,
        SYS_bpf,       SYS_mount,   SYS_unshare,      SYS_setns,   SYS_unlinkat,
        SYS_renameat2, SYS_mkdirat, SYS_memfd_create, SYS_keyctl,  SYS_userfaultfd,
        SYS_seccomp,   SYS_sendmsg, SYS_setsid,       SYS_setpgid, SYS_wait4}) {
    CAPTURE(call);
    CHECK(run_filter(code, call_of(call)) == kForbidden);
  }
  for (const long call : {SYS_io_uring_setup, SYS_pidfd_open, SYS_openat2, SYS_clone3})
    CHECK(run_filter(code, call_of(call)) == (SECCOMP_RET_ERRNO | ENOSYS));
  for (const long call : {SYS_read, SYS_openat, SYS_mmap, SYS_munmap, SYS_pipe2, SYS_setitimer,
                          SYS_epoll_pwait, SYS_rt_sigaction, SYS_futex, SYS_faccessat2})
    CHECK(is_allowed(code, call_of(call)));
  CHECK(is_allowed(code, call_of(SYS_clone, {CLONE_VM | CLONE_THREAD})));
  CHECK_FALSE(is_allowed(code, call_of(SYS_clone, {SIGCHLD})));
  CHECK(is_allowed(code, call_of(SYS_kill, {kWorker, SIGTERM})));
  CHECK_FALSE(is_allowed(code, call_of(SYS_kill, {kWorker - 1, SIGTERM})));
  CHECK(is_allowed(code, call_of(SYS_socketpair, {AF_UNIX})));
  CHECK(is_allowed(code, call_of(SYS_sendto, {3, 0, 1, 0, 0, 0})));
  CHECK_FALSE(is_allowed(code, call_of(SYS_sendto, {3, 0, 1, 0, kFarAddress, 16})));
}

TEST_CASE("an interpreter opens files for writing only where Landlock says which") {
  const auto ruled = interpreter_filter(1, {.files_are_ruled = true});
  const auto free = interpreter_filter(1, {});
  const auto writing = call_of(SYS_openat, {0, 0, O_WRONLY | O_CREAT});
  CHECK(is_allowed(ruled, writing));
  CHECK_FALSE(is_allowed(free, writing));
  CHECK(is_allowed(free, call_of(SYS_openat, {0, 0, O_RDONLY})));
  CHECK(is_allowed(ruled, call_of(SYS_write, {9})));
  CHECK_FALSE(is_allowed(free, call_of(SYS_write, {9})));
}

TEST_CASE("an interpreter with a network has no processes, and the other way round") {
  const auto network = interpreter_filter(1, {.network = true});
  const auto processes = interpreter_filter(1, {.processes = true});
  CHECK(is_allowed(network, call_of(SYS_socket, {AF_INET6})));
  CHECK(is_allowed(network, call_of(SYS_connect)));
  CHECK_FALSE(is_allowed(network, call_of(SYS_socket, {AF_UNIX})));
  CHECK_FALSE(is_allowed(network, call_of(SYS_execve)));
  CHECK(is_allowed(processes, call_of(SYS_execve)));
  CHECK(is_allowed(processes, call_of(SYS_clone, {SIGCHLD})));
  CHECK_FALSE(is_allowed(processes, call_of(SYS_socket, {AF_INET})));
  CHECK_FALSE(is_allowed(processes, call_of(SYS_setsid)));
}
