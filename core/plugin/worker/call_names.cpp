#include "core/plugin/worker/call_names.h"

#include <sys/syscall.h>

#include <algorithm>
#include <iterator>

namespace tinyzero {
namespace {

struct CallName {
  long number;
  const char* name;
};

#define CALL(name) {SYS_##name, #name}
// clang-format off
constexpr CallName kNames[] = {
    CALL(accept), CALL(accept4), CALL(acct), CALL(add_key), CALL(adjtimex), CALL(bind), CALL(bpf),
    CALL(capset), CALL(chdir), CALL(chroot), CALL(clock_adjtime), CALL(clock_settime), CALL(clone),
    CALL(clone3), CALL(close), CALL(connect), CALL(copy_file_range), CALL(delete_module), CALL(dup),
    CALL(dup3), CALL(epoll_create1), CALL(epoll_ctl), CALL(eventfd2), CALL(execve), CALL(execveat),
    CALL(fallocate), CALL(fanotify_init), CALL(fchdir), CALL(fchmod), CALL(fchmodat), CALL(fchown),
    CALL(fchownat), CALL(fcntl), CALL(fdatasync), CALL(flock), CALL(fsconfig), CALL(fsetxattr),
    CALL(fsmount), CALL(fsopen), CALL(fstat), CALL(fsync), CALL(ftruncate), CALL(getdents64),
    CALL(getpgid), CALL(getppid), CALL(getpriority), CALL(getrlimit), CALL(getsid),
    CALL(getsockopt), CALL(getuid), CALL(init_module), CALL(inotify_add_watch), CALL(inotify_init1),
    CALL(io_setup), CALL(io_submit), CALL(io_uring_enter), CALL(io_uring_register),
    CALL(io_uring_setup), CALL(ioctl), CALL(ioprio_set), CALL(kcmp), CALL(kexec_load), CALL(keyctl),
    CALL(kill), CALL(linkat), CALL(listen), CALL(lookup_dcookie), CALL(lseek), CALL(lsetxattr),
    CALL(madvise), CALL(mbind), CALL(membarrier), CALL(memfd_create), CALL(migrate_pages),
    CALL(mkdirat), CALL(mknodat), CALL(mlock), CALL(mlock2), CALL(mlockall), CALL(mmap),
    CALL(mount), CALL(move_mount), CALL(move_pages), CALL(mprotect), CALL(mq_open), CALL(mremap),
    CALL(msgget), CALL(msgsnd), CALL(munmap), CALL(name_to_handle_at), CALL(newfstatat),
    CALL(open_by_handle_at), CALL(open_tree), CALL(openat), CALL(openat2), CALL(perf_event_open),
    CALL(personality), CALL(pidfd_getfd), CALL(pidfd_open), CALL(pidfd_send_signal), CALL(pipe2),
    CALL(pivot_root), CALL(pkey_alloc), CALL(pkey_mprotect), CALL(ppoll), CALL(prctl),
    CALL(pread64), CALL(prlimit64), CALL(process_madvise), CALL(process_vm_readv),
    CALL(process_vm_writev), CALL(ptrace), CALL(pwrite64), CALL(pwritev), CALL(quotactl),
    CALL(read), CALL(readlinkat), CALL(readv), CALL(reboot), CALL(recvfrom), CALL(recvmsg),
    CALL(remap_file_pages), CALL(removexattr), CALL(renameat), CALL(renameat2), CALL(request_key),
    CALL(rt_sigaction), CALL(rt_sigqueueinfo), CALL(rt_sigtimedwait), CALL(rt_tgsigqueueinfo),
    CALL(sched_setattr), CALL(sched_setparam), CALL(sched_setscheduler), CALL(seccomp),
    CALL(semget), CALL(semop), CALL(sendfile), CALL(sendmsg), CALL(sendto), CALL(set_mempolicy),
    CALL(set_robust_list), CALL(setdomainname), CALL(setfsgid), CALL(setfsuid), CALL(setgid),
    CALL(setgroups), CALL(sethostname), CALL(setitimer), CALL(setns), CALL(setpgid),
    CALL(setpriority), CALL(setregid), CALL(setresgid), CALL(setresuid), CALL(setreuid),
    CALL(setrlimit), CALL(setsid), CALL(setsockopt), CALL(settimeofday), CALL(setuid),
    CALL(setxattr), CALL(shmat), CALL(shmctl), CALL(shmget), CALL(shutdown), CALL(sigaltstack),
    CALL(signalfd4), CALL(socket), CALL(socketpair), CALL(splice), CALL(statx), CALL(swapoff),
    CALL(swapon), CALL(symlinkat), CALL(sync), CALL(sync_file_range), CALL(syncfs), CALL(sysinfo),
    CALL(syslog), CALL(tee), CALL(tgkill), CALL(timer_create), CALL(timerfd_create), CALL(tkill),
    CALL(truncate), CALL(umask), CALL(umount2), CALL(uname), CALL(unlinkat), CALL(unshare),
    CALL(userfaultfd), CALL(utimensat), CALL(vhangup), CALL(vmsplice), CALL(wait4), CALL(waitid),
    CALL(write), CALL(writev),
#if defined(__x86_64__)
    CALL(alarm), CALL(arch_prctl), CALL(chmod), CALL(chown), CALL(creat), CALL(dup2),
    CALL(epoll_create), CALL(epoll_wait), CALL(eventfd), CALL(fork), CALL(futimesat),
    CALL(inotify_init), CALL(lchown), CALL(link), CALL(mkdir), CALL(mknod), CALL(modify_ldt),
    CALL(open), CALL(pause), CALL(pipe), CALL(poll), CALL(readlink), CALL(rename), CALL(rmdir),
    CALL(select), CALL(signalfd), CALL(stat), CALL(symlink), CALL(time), CALL(unlink), CALL(utime),
    CALL(utimes), CALL(vfork),
#endif
};
// clang-format on
#undef CALL

}  // namespace

std::string system_call_name(long number) {
  const auto found = std::find_if(std::begin(kNames), std::end(kNames),
                                  [&](const CallName& name) { return name.number == number; });
  return found != std::end(kNames) ? found->name : "number " + std::to_string(number);
}

}  // namespace tinyzero
