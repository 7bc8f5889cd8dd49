/* What the hostile task (hostile_acts.c) does to its process and to the system, or tries to do. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hostile_process.h"

char stage[64], act[64], folder[4096];
pid_t host;
struct header* header;
char* reply;

/* ---- helpers ---- */

int is(const char* name) { return strcmp(act, name) == 0; }
static void worked(void) { strcpy(act, "IT WORKED"); }

void* spin(void* unused) {
  (void)unused;
  for (volatile int i = 0;; ++i) {
  }
  return NULL;
}

static void* rest(void* unused) {
  (void)unused;
  for (;;) nanosleep(&(struct timespec){1000, 0}, NULL);
  return NULL;
}

void find_region(void) {
  FILE* maps = fopen("/proc/self/maps", "r");
  char line[512];
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    if (strstr(line, "memfd:tinyzero-worker") == NULL) continue;
    header = (struct header*)strtoull(line, NULL, 16);
    reply = (char*)header + 4096 + ((size_t)128 << 20);
  }
  if (maps != NULL) fclose(maps);
}

/* Replies in the worker's place, and never again. */
static void reply_with(uint32_t status, uint64_t size) {
  header->status = status;
  header->reply_size = size;
  __sync_synchronize();
  header->turn = 0;
  syscall(SYS_futex, &header->turn, 1 /* FUTEX_WAKE */, 1, NULL, NULL, 0);
  rest(NULL);
}

static void* change_size(void* unused) {
  (void)unused;
  for (;;) {
    header->reply_size = (uint64_t)1 << 45;
    header->reply_size = 64;
  }
  return NULL;
}
static void* change_status(void* unused) {
  (void)unused;
  for (;;) header->status = header->status + 1;
  return NULL;
}
static void* change_turn(void* unused) {
  (void)unused;
  for (uint32_t i = 0;; ++i) header->turn = i % 5;
  return NULL;
}
static void* change_reply(void* unused) {
  (void)unused;
  for (uint32_t i = 0;; ++i) memset(reply, (int)(i & 0xff), 4096);
  return NULL;
}
void in_thread(void* (*work)(void*)) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, work, NULL) == 0) pthread_detach(thread);
}

static int opens(const char* path, int flags) { return open(path, flags, 0600) >= 0; }

static const char* of_host(const char* file) {
  static char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)host, file);
  return path;
}

static const char* beside(const char* file) {
  static char path[5000];
  snprintf(path, sizeof path, "%s/%s", folder, file);
  return path;
}

void crash(void) {
  static volatile int* volatile nowhere = (volatile int*)8;
  *nowhere = 1;
}

#pragma GCC diagnostic ignored "-Winfinite-recursion"
static void overflow(int depth) {
  volatile char frame[65536];
  frame[0] = (char)depth;
  overflow(depth + 1);
  frame[1] = frame[0];
}

/* ---- acts ---- */

void end_itself(void) {
  if (is("exit")) exit(0);
  if (is("quick_exit")) _exit(0);
  if (is("abort")) abort();
  if (is("segv")) crash();
  if (is("bus")) raise(SIGBUS);
  if (is("trap")) __builtin_trap();
  if (is("stop")) raise(SIGSTOP);
  if (is("spin")) spin(NULL);
  if (is("sleep")) rest(NULL);
  if (is("overflow")) overflow(0);
}

static void make_processes(void) {
  if (is("fork") && fork() >= 0) worked();
  if (is("vfork")) syscall(SYS_vfork);
  if (is("clone_process")) syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (is("clone_user")) syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (is("execve")) execl("/bin/true", "true", (char*)NULL);
  if (is("unshare")) unshare(CLONE_NEWUSER);
  if (is("setns")) setns(0, 0);
  if (is("setsid")) setsid();
}

static void signal_others(void) {
  if (is("kill_host")) kill(host, SIGKILL);
  if (is("stop_host")) kill(host, SIGSTOP);
  if (is("term_host")) kill(host, SIGTERM);
  if (is("tkill_host")) syscall(SYS_tkill, host, SIGKILL);
  if (is("tgkill_host")) syscall(SYS_tgkill, host, host, SIGKILL);
  if (is("sigqueue_host")) syscall(SYS_rt_sigqueueinfo, host, SIGTERM, NULL);
  if (is("pidfd_host")) syscall(434 /* pidfd_open */, host, 0);
  if (is("own_host_signals")) fcntl(0, F_SETOWN, host);
  if (is("ptrace_host")) ptrace(PTRACE_ATTACH, host, 0, 0);
  if (is("prctl_death")) prctl(PR_SET_PDEATHSIG, 0);
  if (is("prctl_dumpable")) prctl(PR_SET_DUMPABLE, 1);
  if (is("alarm")) syscall(SYS_setitimer, 0, NULL, NULL);
  if (is("slow_host")) setpriority(PRIO_PROCESS, (id_t)host, 19);
  if (is("limit_host") &&
      syscall(SYS_prlimit64, host, RLIMIT_AS, &(struct rlimit){1, 1}, NULL) == 0)
    worked();
  if (is("move_host") && syscall(SYS_sched_setaffinity, host, 8, &(uint64_t){1}) == 0) worked();
}

static void look_into_host(void) {
  static char bytes[64];
  struct iovec here = {bytes, sizeof bytes}, there = {(void*)0x400000, sizeof bytes};
  if (is("read_memory")) process_vm_readv(host, &here, 1, &there, 1, 0);
  if (is("write_memory")) process_vm_writev(host, &here, 1, &there, 1, 0);
  if (is("open_memory") && opens(of_host("mem"), O_RDONLY)) worked();
  if (is("open_memory_to_write")) opens(of_host("mem"), O_RDWR);
  if (is("environ") && opens(of_host("environ"), O_RDONLY)) worked();
  if (is("fds") && readlink(of_host("fd/0"), bytes, sizeof bytes) > 0) worked();
  if (is("cmdline") && opens(of_host("cmdline"), O_RDONLY)) worked();
  if (is("shadow") && opens("/etc/passwd", O_RDONLY)) worked();
  if (is("terminal") && opens("/dev/tty", O_RDONLY)) worked();
  if (is("push_input") && ioctl(0, TIOCSTI, "x") == 0) worked();
}

static void reach_out(void) {
  if (is("socket")) socket(AF_INET, SOCK_STREAM, 0);
  if (is("unix_socket")) socket(AF_UNIX, SOCK_STREAM, 0);
  if (is("socketpair")) socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){0, 0});
  if (is("shared_memory")) syscall(SYS_shmget, 1, 4096, 0600);
  if (is("message_queue")) syscall(SYS_mq_open, "/x", O_CREAT, 0600, NULL);
}

static void change_files(void) {
  if (is("write_file")) opens(beside("written"), O_CREAT | O_WRONLY);
  if (is("truncate_by_reading")) opens(beside("kept"), O_RDONLY | O_TRUNC);
  if (is("unnamed_file")) opens(folder, O_TMPFILE | O_RDWR);
  if (is("mkdir")) syscall(SYS_mkdirat, AT_FDCWD, beside("made"), 0700);
  if (is("unlink")) syscall(SYS_unlinkat, AT_FDCWD, beside("kept"), 0);
  if (is("rename")) syscall(SYS_renameat2, AT_FDCWD, beside("kept"), AT_FDCWD, "gone", 0);
  if (is("chmod")) syscall(SYS_fchmodat, AT_FDCWD, beside("kept"), 0777);
  if (is("symlink")) syscall(SYS_symlinkat, "x", AT_FDCWD, beside("made"));
  if (is("truncate")) truncate(beside("kept"), 0);
  if (is("shrink_region")) ftruncate(3, 0);
  if (is("flock")) flock(open(beside("kept"), O_RDONLY), LOCK_EX | LOCK_NB);
  if (is("memfd")) syscall(SYS_memfd_create, "x", 0);
}

static void reach_the_kernel(void) {
  struct sock_filter all[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO}};
  const struct sock_fprog lie = {1, all}; /* that every call works, and does nothing */
  if (is("io_uring")) syscall(425, 1, NULL);
  if (is("bpf")) syscall(SYS_bpf, 0, NULL, 0);
  if (is("perf")) syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0);
  if (is("userfaultfd")) syscall(SYS_userfaultfd, 0);
  if (is("keyctl")) syscall(SYS_keyctl, 0, 0, 0, 0, 0);
  if (is("mount")) syscall(SYS_mount, "x", "/", "tmpfs", 0, NULL);
  if (is("personality")) syscall(SYS_personality, 0xffffffff);
  if (is("seccomp")) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 1, &lie);
  if (is("prctl_seccomp")) prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &lie);
  if (is("map_over_filter"))
    mmap((void*)0x10000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (is("unmap_filter")) munmap((void*)0x10000000, 4096);
  if (is("write_filter") && mprotect((void*)0x10000000, 4096, PROT_READ | PROT_WRITE) == 0)
    worked();
  if (is("unheard_signal")) {
    signal(SIGSYS, SIG_IGN);
    socket(AF_INET, SOCK_STREAM, 0);
  }
#if defined(__x86_64__)
  if (is("x32")) syscall(0x40000000 | SYS_getpid);
  if (is("int80")) {
    long number = 20;
    __asm__ volatile("int $0x80" : "+a"(number));
  }
#endif
}

static void misuse_region(void) {
  if (header == NULL) return;
  if (is("change_size")) in_thread(change_size);
  if (is("change_status")) in_thread(change_status);
  if (is("change_turn")) in_thread(change_turn);
  if (is("change_reply")) in_thread(change_reply);
  if (is("spinning_threads")) {
    for (int i = 0; i < 4; ++i) in_thread(spin);
  }
  if (is("thread_bomb")) {
    for (;;) in_thread(rest);
  }
  if (is("zeros")) reply_with(0, (uint64_t)128 << 20);
  if (is("too_large")) reply_with(0, (uint64_t)1 << 60);
  if (is("empty")) reply_with(0, 0);
  if (is("short")) reply_with(0, 12);
  if (is("status")) reply_with(77, 64);
  if (is("endless_text")) {
    memset(reply, 0xff, 4096);
    reply_with(0, 4096);
  }
  if (is("failure_of_lies")) {
    memset(reply, 0xff, 4096);
    reply_with(2, 4096);
  }
  if (is("long_failure")) reply_with(2, (uint64_t)64 << 20);
  if (is("many_settings")) { /* four empty texts, rewards, no parts, reasons or abilities, and as
                                many settings as the bytes would hold */
    uint64_t* words = (uint64_t*)reply;
    memset(reply, 0, 4 << 20);
    ((double*)reply)[4] = 1;
    ((double*)reply)[6] = 1;
    words[12] = ((4 << 20) - 13 * 8) / 96;
    reply_with(0, 4 << 20);
  }
}

void misbehave(const char* where) {
  if (strcmp(stage, where) != 0) return;
  end_itself();
  make_processes();
  signal_others();
  look_into_host();
  reach_out();
  change_files();
  reach_the_kernel();
  misuse_region();
}
