/* A task that does what the name of its file says: STAGE-ACT.so misbehaves by ACT at STAGE, and is
 * a good task otherwise. For tests of workers. STAGE is constructor, entry, create, draw, verify,
 * solve, demonstrate or thread (one that create makes, and that acts once verify is called).
 *
 * verify gives 1 for the answer "right". It acts on the answer "act", or where the name says
 * "always". An act that must not succeed and does says so by "IT WORKED" in an error. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
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

#include "tinyzero/note.h"
#include "tinyzero/task_abi.h"

TINYZERO_NOTE(TINYZERO_NOTE_TASK, "id=acts\nabi=1.0\n");

static char stage[64], act[64], folder[4096];
static pid_t host;

/* ---- what acts need ---- */

static int is(const char* name) { return strcmp(act, name) == 0; }
static void worked(void) { strcpy(act, "IT WORKED"); }

static void* spin(void* unused) {
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

/* The memory shared with the host, whose layout is core/plugin/worker/region.h. */
struct header {
  volatile uint32_t turn, operation, status;
  uint32_t padding;
  volatile uint64_t request_size, reply_size;
  volatile uint32_t cursor;
  volatile int32_t forbidden_call;
};
static struct header* header;
static char* reply;

static void find_region(void) {
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
static void* change_cursor(void* unused) {
  (void)unused;
  for (uint32_t i = 0;; ++i) header->cursor = i & 1;
  return NULL;
}
static void* raise_cursor(void* unused) {
  (void)unused;
  for (uint32_t i = 0;; ++i) header->cursor = 1000 + i;
  return NULL;
}

static void in_thread(void* (*work)(void*)) {
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

static void crash(void) {
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

/* ---- what a task does to its process, or tries ---- */

static void end_itself(void) {
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

static void misbehave(const char* where) {
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

/* ---- the task ---- */

static atomic_int asked; /* verify has been called */
static void* act_when_asked(void* unused) {
  (void)unused;
  while (asked == 0) nanosleep(&(struct timespec){0, 1000000}, NULL);
  misbehave("thread");
  return NULL;
}

__attribute__((constructor)) static void begin(void) {
  Dl_info info;
  if (dladdr((void*)begin, &info) == 0) return;
  const char* slash = strrchr(info.dli_fname, '/');
  const char* dash = slash == NULL ? NULL : strchr(slash, '-');
  if (dash == NULL) return;
  snprintf(folder, sizeof folder, "%.*s", (int)(slash - info.dli_fname), info.dli_fname);
  snprintf(stage, sizeof stage, "%.*s", (int)(dash - slash - 1), slash + 1);
  snprintf(act, sizeof act, "%.*s", (int)(strlen(dash + 1) - 3), dash + 1);
  host = getppid();
  find_region();
  misbehave("constructor");
}

static tz_status say(tz_error* error, const char* text) {
  snprintf(error->text, sizeof error->text, "%s", text);
  return TZ_INTERNAL;
}

static tz_status create(const tz_host* offers, const tz_value* values, tz_instance** out,
                        tz_error* error) {
  (void)offers, (void)values;
  misbehave("create");
  if (strcmp(stage, "thread") == 0) in_thread(act_when_asked);
  if (strcmp(stage, "cursor") == 0 && is("by_thread")) in_thread(change_cursor);
  if (strcmp(stage, "cursor") == 0 && is("by_thread_beyond")) in_thread(raise_cursor);
  if (is("not_terminated")) {
    memset(error->text, 'A', sizeof error->text);
    return TZ_INTERNAL;
  }
  *out = NULL;
  return is("IT WORKED") ? say(error, act) : TZ_OK;
}
static void destroy(tz_instance* instance) { (void)instance; }

static void spoil_item(tz_item* item) {
  static char* large;
  if (strcmp(stage, "item") != 0) return;
  if (is("no_address")) {
    item->prompt.data = NULL;
    item->prompt.size = 9;
  }
  if (large == NULL) {
    large = malloc(2 << 20);
    memset(large, 'x', 2 << 20);
  }
  if (is("nan")) item->difficulty = NAN;
  if (is("infinite")) item->difficulty = INFINITY;
  if (is("very_hard")) item->difficulty = 1e300;
  if (is("large_prompt")) item->prompt = (tz_bytes){large, (1 << 20) + 1};
  if (is("large_key")) item->key = (tz_bytes){large, (64 << 10) + 1};
  if (is("large_state")) item->state = (tz_bytes){large, (64 << 10) + 1};
  if (is("endless")) item->prompt.size = (uint64_t)1 << 62;
  if (is("nowhere")) item->prompt = (tz_bytes){(const char*)8, 100};
}

static tz_status draw(tz_instance* instance, const tz_draw* draws, uint32_t n,
                      const tz_item_sink* sink, tz_error* error) {
  (void)instance;
  misbehave("draw");
  if (strcmp(stage, "item") == 0 && is("status")) return 12345;
  if (strcmp(stage, "item") == 0 && is("fewer")) --n;
  for (uint32_t i = 0; i < n; ++i) {
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)draws[i].index);
    const tz_bytes bytes = {text, strlen(text)};
    tz_item item = {bytes, bytes, bytes, 1};
    spoil_item(&item);
    const tz_status status = sink->add(sink->context, &item);
    if (status != TZ_OK && !is("deaf")) return status;
    if (strcmp(stage, "item") == 0 && (is("more") || is("deaf"))) {
      for (int more = 0; more < 100000; ++more) sink->add(sink->context, &item);
    }
  }
  return is("IT WORKED") ? say(error, act) : TZ_OK;
}

static void spoil_verdict(const tz_call* call, uint32_t row, tz_verdict* verdict) {
  static char escapes[1 << 20];
  if (strcmp(stage, "verdict") != 0) return;
  if (is("nan")) verdict->reward = NAN;
  if (is("infinite")) verdict->reward = INFINITY;
  if (is("too_much")) verdict->reward = 1.5;
  if (is("nan_part")) verdict->parts[0] = NAN;
  if (is("infinite_part")) verdict->parts[5] = -INFINITY;
  if (is("outcome")) verdict->outcome = 0x7fffffff;
  if (is("timeout")) verdict->outcome = TZ_TIMEOUT;
  if (is("reason")) verdict->reason = UINT32_MAX;
  if (is("long_detail")) {
    memset(escapes, 'x', sizeof escapes);
    call->explain(call->context, row, (tz_bytes){escapes, sizeof escapes});
    verdict->outcome = TZ_ERROR;
  }
  if (is("detail_of_nobody")) call->explain(call->context, UINT32_MAX, (tz_bytes){"x", 1});
}

static void jump_the_cursor(const tz_call* call, uint32_t row) {
  if (strcmp(stage, "cursor") != 0) return;
  if (is("to_and_fro")) {
    for (uint32_t i = 0;; ++i) *call->cursor = row - (i & 1);
  }
  if (is("beyond")) {
    for (uint32_t i = 1000;; ++i) *call->cursor = i;
  }
  spin(NULL);
}

static tz_status verify(tz_instance* instance, const tz_call* call, const tz_answer* answers,
                        uint32_t n, tz_verdict* out, tz_error* error) {
  (void)instance;
  asked = 1;
  if (strcmp(stage, "thread") == 0) nanosleep(&(struct timespec){0, 50000000}, NULL);
  if (strcmp(stage, "batch") == 0 && n > 1) {
    if (is("segv")) crash();
    if (is("status")) return say(error, "not together");
  }
  for (uint32_t i = 0; i < n; ++i) {
    const int acts =
        answers[i].completion.size == 3 && memcmp(answers[i].completion.data, "act", 3) == 0;
    const int right =
        answers[i].completion.size == 5 && memcmp(answers[i].completion.data, "right", 5) == 0;
    if (strcmp(stage, "silent") != 0 && call->cursor != NULL) *call->cursor = i;
    out[i] =
        (tz_verdict){.reward = right, .outcome = TZ_SCORED, .reason = !right, .parts = {right}};
    if (!acts) continue;
    misbehave("verify");
    if (strcmp(stage, "silent") == 0) end_itself();
    jump_the_cursor(call, i);
    spoil_verdict(call, i, &out[i]);
    if (strcmp(stage, "call") == 0) return is("status") ? say(error, "no verdicts today") : 12345;
    if (is("IT WORKED")) out[i].reward = 1;
  }
  return TZ_OK;
}

static tz_status write_text(const char* where, const tz_text_sink* out, tz_error* error) {
  misbehave(where);
  if (strcmp(stage, where) == 0 && is("large")) {
    char* text = calloc(1, (1 << 20) + 1);
    const tz_status status = out->write(out->context, (tz_bytes){text, (1 << 20) + 1});
    free(text);
    return status;
  }
  if (strcmp(stage, where) == 0 && is("endless"))
    return out->write(out->context, (tz_bytes){"x", (uint64_t)1 << 62});
  return is("IT WORKED") ? say(error, act) : out->write(out->context, (tz_bytes){"right", 5});
}
static tz_status solve(tz_instance* instance, tz_bytes state, uint32_t* solvable,
                       const tz_text_sink* out, tz_error* error) {
  (void)instance, (void)state;
  *solvable = 1;
  return write_text("solve", out, error);
}
static tz_status demonstrate(tz_instance* instance, tz_bytes state, tz_draw seed,
                             const tz_text_sink* out, tz_error* error) {
  (void)instance, (void)state, (void)seed;
  return write_text("demonstrate", out, error);
}

static tz_solve solver = {sizeof solver, 0, solve};
static tz_demonstrate demonstrator = {sizeof demonstrator, 0, demonstrate};
static const void* extension(const char* id) {
  if (strcmp(id, TINYZERO_SOLVE) == 0) return &solver;
  if (strcmp(id, TINYZERO_DEMONSTRATE) == 0) return &demonstrator;
  return NULL;
}

static const char* const parts[] = {"correct", "2", "3", "4", "5", "6", "7"};
static const char* reasons[] = {"correct", "wrong"};
static tz_param param = {sizeof param, TZ_TEXT, 1, 0,    "file", "a file",
                         "none",       0,       0, NULL, NULL,   NULL};
static tz_task task = {sizeof task, 0,      "acts",  "acts", "1.0.0", "For tests.", 1,
                       0,           1,      6,       2,      parts,   reasons,      &param,
                       1,           create, destroy, draw,   verify,  extension};
static const tz_task* tasks[] = {&task};
static tz_module module = {sizeof module, TINYZERO_TASK_ABI_MAJOR, 0, 1, tasks};

static void spoil_about(void) {
  static const char* many[100000];
  static char lengthy[100000];
  static tz_param twins[2];
  for (int i = 0; i < 100000; ++i) many[i] = "x";
  memset(lengthy, 'x', sizeof lengthy - 1);
  if (is("seven_parts")) task.n_parts = 7;
  if (is("many_parts")) task.n_parts = UINT32_MAX;
  if (is("many_reasons")) {
    task.n_reasons = 100000;
    task.reasons = many;
  }
  if (is("many_settings")) task.n_params = (uint64_t)1 << 40;
  if (is("many_choices")) {
    param.n_choices = 100000;
    param.choices = many;
  }
  if (is("many_values")) param.max_count = UINT32_MAX;
  if (is("long_id")) task.id = lengthy;
  if (is("path_as_id")) task.id = "\x1b]/etc/passwd";
  if (is("long_title")) task.title = lengthy;
  if (is("long_doc")) task.doc = lengthy;
  if (is("long_part")) {
    task.n_parts = 1;
    task.parts = many;
    many[0] = lengthy;
  }
  if (is("long_default")) param.fallback = lengthy;
  if (is("unknown_type")) param.type = 9;
  if (is("deep_default")) memset(lengthy, '[', sizeof lengthy - 1);
  if (is("deep_default")) lengthy[4000] = '\0';
  if (is("deep_default")) param.fallback = lengthy;
  if (is("no_name")) param.name = "";
  if (is("odd_name")) param.name = "a\x1b[31mb";
  if (is("dotted_name")) param.name = "a.b";
  if (is("reserved_name")) param.name = "use";
  if (is("upside_down")) param.low = 1;
  if (is("no_values")) param.max_count = 0;
  if (is("other_id")) task.id = "countdown";
  if (is("twin_parts") || is("odd_part")) {
    task.n_parts = 2;
    task.parts = many;
    many[1] = is("odd_part") ? "a\x1b[31m" : "x";
  }
  if (is("many_lines")) {
    task.title = "a\npass  anything";
    task.doc = "b\n\n  hint: c";
    task.version = "1\n2";
    param.doc = "d\n  e";
    reasons[1] = "wrong\nright";
  }
  if (is("needs_nobody")) {
    param.needs_name = "nobody";
    param.needs_value = "1";
  }
  if (is("twins")) {
    twins[0] = twins[1] = param;
    task.params = twins;
    task.n_params = 2;
  }
  if (is("no_range")) param.low = NAN;
  if (is("short_setting")) param.size = 8;
  if (is("nan_reward")) task.reward_full = NAN;
  if (is("infinite_reward")) task.reward_max = INFINITY;
  if (is("rewards_reversed")) task.reward_min = 2;
  if (is("no_id")) task.id = NULL;
  if (is("no_verify")) task.verify = NULL;
  if (is("short_table")) task.size = 8;
  if (is("short_solver")) solver.size = 4;
  if (is("no_table")) tasks[0] = NULL;
  if (is("no_tables")) module.tasks = NULL;
  if (is("no_tasks")) module.n_tasks = 0;
}

__attribute__((visibility("default"))) const tz_module* tinyzero_task_v1(uint32_t major,
                                                                         uint32_t minor) {
  (void)major, (void)minor;
  misbehave("entry");
  if (strcmp(stage, "about") == 0) spoil_about();
  return &module;
}
