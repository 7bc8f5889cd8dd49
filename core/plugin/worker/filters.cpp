#include "core/plugin/worker/filters.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "core/plugin/worker/seccomp.h"

namespace tinyzero {
namespace {

using Test = CallCondition::Test;

#ifndef PR_SET_VMA
constexpr std::uint32_t PR_SET_VMA = 0x53564d41;  // gives memory a name
#endif

// Flags of open() that allow changes.
constexpr std::uint32_t kWritingFlags = O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);

CallCondition argument_is(int argument, std::uint32_t value) {
  return {.argument = argument, .value = value};
}
CallCondition without(int argument, std::uint32_t bits) {
  return {.argument = argument, .test = Test::none_of, .value = bits};
}
CallCondition with(int argument, std::uint32_t bits) {
  return {.argument = argument, .test = Test::any_of, .value = bits};
}
// The address is not in the lowest 4 GiB.
CallCondition address_above(int argument) {
  return {.argument = argument, .test = Test::any_of, .value = ~0u, .high_half = true};
}
CallCondition high_half_is(int argument, std::uint32_t value) {
  return {.argument = argument, .value = value, .high_half = true};
}

// What both stages need: memory, waiting, time, ending, and the calls of abort().
void allow_computing(SystemCallFilter& filter, pid_t worker) {
  for (const long call :
       {SYS_futex, SYS_madvise, SYS_brk, SYS_clock_gettime, SYS_gettimeofday, SYS_clock_nanosleep,
        SYS_nanosleep, SYS_sched_yield, SYS_getrandom, SYS_getpid, SYS_gettid, SYS_rt_sigprocmask,
        SYS_rt_sigreturn, SYS_restart_syscall, SYS_exit, SYS_exit_group}) {
    filter.allow(call);
  }
  filter.allow_values(SYS_tgkill, 0, {static_cast<std::uint32_t>(worker)});
}

void allow_reading(SystemCallFilter& filter) {
  filter.allow_if(SYS_openat, {{without(2, kWritingFlags)}});
  for (const long call :
       {SYS_read,        SYS_pread64,    SYS_readv,      SYS_preadv, SYS_lseek,     SYS_close,
        SYS_close_range, SYS_fstat,      SYS_newfstatat, SYS_statx,  SYS_faccessat, SYS_faccessat2,
        SYS_readlinkat,  SYS_getdents64, SYS_getcwd,     SYS_statfs, SYS_fstatfs,   SYS_dup,
        SYS_dup3,        SYS_fadvise64,  SYS_ppoll}) {
    filter.allow(call);
  }
#if defined(__x86_64__)
  filter.allow_if(SYS_open, {{without(1, kWritingFlags)}});
  for (const long call :
       {SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_getdents, SYS_dup2, SYS_poll, SYS_time})
    filter.allow(call);
#endif
  filter.allow_values(SYS_fcntl, 1, {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL});
  filter.allow_values(SYS_ioctl, 1, {TCGETS, FIONREAD, FIONBIO, FIOCLEX}, ENOTTY);
  for (const long call : {SYS_write, SYS_writev})
    filter.allow_values(call, 0, {STDOUT_FILENO, STDERR_FILENO});  // both are /dev/null
}

// Mapping, except over the lowest 4 GiB.
void allow_mapping(SystemCallFilter& filter) {
  filter.allow_if(SYS_mmap, {{without(3, MAP_FIXED)}, {address_above(0)}});
  filter.allow_if(SYS_mremap, {{address_above(0), without(3, MREMAP_FIXED)}});
  filter.allow_if(SYS_munmap, {{address_above(0)}});
  filter.allow(SYS_mprotect);
}

void allow_threads(SystemCallFilter& filter) {
  constexpr std::uint32_t kNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                        CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
  filter.allow_if(SYS_clone, {{with(0, CLONE_THREAD), without(0, kNamespaces)}});
  // A filter cannot see the flags of clone3. The C library falls back to clone.
  filter.fail(SYS_clone3, ENOSYS);
  for (const long call :
       {SYS_set_robust_list, SYS_get_robust_list, SYS_set_tid_address, SYS_rseq, SYS_membarrier,
        SYS_rt_sigpending, SYS_sigaltstack, SYS_sched_getaffinity, SYS_sched_getparam,
        SYS_sched_getscheduler, SYS_sched_get_priority_max, SYS_sched_get_priority_min}) {
    filter.allow(call);
  }
}

// Handlers of all signals except SIGSYS, which reports forbidden calls. Every number other than 31
// lacks one of its bits or has a higher one.
void allow_handlers(SystemCallFilter& filter) {
  static_assert(SIGSYS == 31);
  filter.allow_if(SYS_rt_sigaction, {{without(0, 1)},
                                     {without(0, 2)},
                                     {without(0, 4)},
                                     {without(0, 8)},
                                     {without(0, 16)},
                                     {with(0, ~31u)}});
}

// Queries of libraries, and calls that they try without needing them.
void allow_questions(SystemCallFilter& filter) {
  for (const long call :
       {SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getgroups, SYS_getrusage,
        SYS_getrlimit, SYS_times, SYS_sysinfo, SYS_uname, SYS_getcpu, SYS_clock_getres}) {
    filter.allow(call);
  }
  // Without new limits, prlimit only reads.
  filter.allow_if(SYS_prlimit64, {{argument_is(2, 0), high_half_is(2, 0)}}, EPERM);
  filter.allow_values(SYS_prctl, 0, {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA});
  filter.fail(SYS_sched_setaffinity, EPERM);
  for (const long call : {SYS_openat2, SYS_mbind, SYS_set_mempolicy, SYS_get_mempolicy})
    filter.fail(call, ENOSYS);
#if defined(__x86_64__)
  filter.fail(SYS_arch_prctl, EINVAL);
#endif
}

// Pipes, timers and the event loop of an interpreter, which reach nothing outside of it. Messages
// with an address could.
void allow_own_loop(SystemCallFilter& filter) {
  for (const long call :
       {SYS_pipe2,       SYS_eventfd2,   SYS_epoll_create1,  SYS_epoll_ctl,
        SYS_epoll_pwait, SYS_pselect6,   SYS_timerfd_create, SYS_timerfd_settime,
        SYS_setitimer,   SYS_getitimer,  SYS_recvfrom,       SYS_shutdown,
        SYS_getsockopt,  SYS_setsockopt, SYS_getpgid,        SYS_getsid,
        SYS_chdir,       SYS_umask,      SYS_getpriority,    SYS_rt_sigtimedwait}) {
    filter.allow(call);
  }
#if defined(__x86_64__)
  for (const long call : {SYS_pipe, SYS_eventfd, SYS_epoll_create, SYS_epoll_wait, SYS_select,
                          SYS_alarm, SYS_pause, SYS_getpgrp})
    filter.allow(call);
#endif
  filter.allow_values(SYS_socketpair, 0, {AF_UNIX});
  filter.allow_if(SYS_sendto, {{argument_is(4, 0), high_half_is(4, 0)}});
}

void allow_network(SystemCallFilter& filter) {
  filter.allow_values(SYS_socket, 0, {AF_INET, AF_INET6, AF_NETLINK});  // the last names addresses
  for (const long call : {SYS_connect, SYS_bind, SYS_getsockname, SYS_getpeername, SYS_sendto,
                          SYS_sendmsg, SYS_sendmmsg, SYS_recvmsg, SYS_recvmmsg}) {
    filter.allow(call);
  }
}

// The processes are held to the same filter.
void allow_processes(SystemCallFilter& filter) {
  for (const long call : {SYS_clone, SYS_execve, SYS_wait4, SYS_waitid, SYS_kill, SYS_pidfd_open,
                          SYS_pidfd_send_signal})
    filter.allow(call);
#if defined(__x86_64__)
  for (const long call : {SYS_fork, SYS_vfork, SYS_arch_prctl}) filter.allow(call);
#endif
}

// The first rule for a call is the one that holds.
void allow_opening(SystemCallFilter& filter, const InterpreterRights& rights) {
  if (rights.files_are_ruled) {
    filter.allow(SYS_openat);
#if defined(__x86_64__)
    filter.allow(SYS_open);
#endif
  }
  if (!rights.files_are_ruled && !rights.network && !rights.processes) return;
  for (const long call : {SYS_write, SYS_writev}) filter.allow(call);
}

}  // namespace

std::vector<sock_filter> loading_filter(std::uint32_t next_filter) {
  SystemCallFilter filter;
  allow_computing(filter, ::getpid());
  allow_mapping(filter);
  allow_reading(filter);
  allow_threads(filter);
  allow_handlers(filter);
  allow_questions(filter);
  filter.allow_if(SYS_seccomp, {{argument_is(0, SECCOMP_SET_MODE_FILTER),
                                 argument_is(1, SECCOMP_FILTER_FLAG_TSYNC),
                                 argument_is(2, next_filter), high_half_is(2, 0)}});
  return filter.finish();
}

std::vector<sock_filter> computing_filter() {
  SystemCallFilter filter;
  allow_computing(filter, ::getpid());
  filter.allow(SYS_munmap);
  filter.allow(SYS_mremap);
  // Calls of threads that have just started.
  for (const long call : {SYS_set_robust_list, SYS_rseq, SYS_sched_getaffinity}) filter.allow(call);
  filter.allow_if(SYS_mprotect, {{without(2, PROT_EXEC)}});
  filter.allow_if(SYS_mmap, {{without(2, PROT_EXEC), with(3, MAP_ANONYMOUS)}});
  for (const long call : {SYS_write, SYS_writev})
    filter.allow_values(call, 0, {STDERR_FILENO});  // for abort(); it is /dev/null
  return filter.finish();
}

std::vector<sock_filter> interpreter_filter(pid_t worker, const InterpreterRights& rights) {
  constexpr long kFirstOfLate = 424;  // later calls: libraries try them and have others instead
  SystemCallFilter filter(EPERM);
  allow_opening(filter, rights);
  if (rights.network) allow_network(filter);
  if (rights.processes) allow_processes(filter);
  for (const long call : {SYS_mmap, SYS_mremap, SYS_munmap, SYS_mprotect, SYS_rt_sigaction})
    filter.allow(call);
  filter.allow_values(SYS_kill, 0, {static_cast<std::uint32_t>(worker)});
  allow_computing(filter, worker);
  allow_reading(filter);
  allow_threads(filter);
  allow_own_loop(filter);
  allow_questions(filter);
  filter.fail_from(kFirstOfLate, ENOSYS);
  return filter.finish();
}

}  // namespace tinyzero
