// What a task may do to its process and its host: whatever it is, the host goes on, other rows are
// judged rightly, and the message names the task and the act. The acts are those of
// tests/support/hostile_acts.c.

#include <doctest/doctest.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/hostile_acts.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/hostile_acts" *
                 doctest::skip(kSanitized));  // there are no filters then

namespace {

bool has_landlock() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

// An act, and what is said of it while the task is loaded and while it judges. Empty: it is not to
// be seen.
struct Act {
  const char* name;
  const char* loading;
  const char* judging;
};

constexpr const char* kLoading = ", which no task may make";

const Act kActs[] = {
    // on itself
    {"exit", "ended its process with exit code 0", "ended its process with exit code 0"},
    {"quick_exit", "ended its process with exit code 0", "ended its process with exit code 0"},
    {"abort", "was ended by signal 6 (Aborted)", "was ended by signal 6 (Aborted)"},
    {"segv", "was ended by signal 11", "was ended by signal 11"},
    {"bus", "was ended by signal 7", "was ended by signal 7"},
    {"trap", "was ended by signal", "was ended by signal"},
    {"overflow", "was ended by signal 11", "was ended by signal 11"},
    // processes
    {"fork", "made the system call clone", "made the system call clone"},
    {"vfork", "made the system call vfork", "made the system call vfork"},
    {"clone_process", "made the system call clone", "made the system call clone"},
    {"clone_user", "made the system call clone", "made the system call clone"},
    {"execve", "made the system call execve", "made the system call execve"},
    {"unshare", "made the system call unshare", "made the system call unshare"},
    {"setns", "made the system call setns", "made the system call setns"},
    {"setsid", "made the system call setsid", "made the system call setsid"},
    // signals and limits of others
    {"kill_host", "made the system call kill", "made the system call kill"},
    {"stop_host", "made the system call kill", "made the system call kill"},
    {"term_host", "made the system call kill", "made the system call kill"},
    {"tkill_host", "made the system call tkill", "made the system call tkill"},
    {"tgkill_host", "made the system call tgkill", "made the system call tgkill"},
    {"sigqueue_host", "made the system call rt_sigqueueinfo",
     "made the system call rt_sigqueueinfo"},
    {"pidfd_host", "made the system call pidfd_open", "made the system call pidfd_open"},
    {"own_host_signals", "made the system call fcntl", "made the system call fcntl"},
    {"ptrace_host", "made the system call ptrace", "made the system call"},
    {"prctl_death", "made the system call prctl", "made the system call prctl"},
    {"prctl_dumpable", "made the system call prctl", "made the system call prctl"},
    {"alarm", "made the system call setitimer", "made the system call setitimer"},
    {"slow_host", "made the system call setpriority", "made the system call"},
    {"limit_host", "", "made the system call"},
    {"move_host", "", "made the system call"},
    // memory and files of others
    {"read_memory", "made the system call process_vm_readv", "made the system call"},
    {"write_memory", "made the system call process_vm_writev", "made the system call"},
    {"open_memory", "", "made the system call"},
    {"open_memory_to_write", "tried to open a file for writing", "made the system call"},
    {"environ", "", "made the system call"},
    {"fds", "", "made the system call"},
    {"push_input", "", "made the system call ioctl"},
    // other ways out
    {"socket", "made the system call socket", "made the system call socket"},
    {"unix_socket", "made the system call socket", "made the system call socket"},
    {"socketpair", "made the system call socketpair", "made the system call socketpair"},
    {"shared_memory", "made the system call shmget", "made the system call shmget"},
    {"message_queue", "made the system call mq_open", "made the system call mq_open"},
    // files
    {"write_file", "tried to open a file for writing", "made the system call openat"},
    {"truncate_by_reading", "tried to open a file for writing", "made the system call openat"},
    {"unnamed_file", "tried to open a file for writing", "made the system call openat"},
    {"mkdir", "made the system call mkdirat", "made the system call mkdirat"},
    {"unlink", "made the system call unlinkat", "made the system call unlinkat"},
    {"rename", "made the system call renameat2", "made the system call renameat2"},
    {"chmod", "made the system call fchmodat", "made the system call fchmodat"},
    {"symlink", "made the system call symlinkat", "made the system call symlinkat"},
    {"truncate", "made the system call truncate", "made the system call truncate"},
    {"shrink_region", "made the system call ftruncate", "made the system call ftruncate"},
    {"flock", "made the system call flock", "made the system call openat"},
    {"memfd", "made the system call memfd_create", "made the system call memfd_create"},
    // the kernel, and the filters themselves
    {"io_uring", "made the system call io_uring_setup", "made the system call io_uring_setup"},
    {"bpf", "made the system call bpf", "made the system call bpf"},
    {"perf", "made the system call perf_event_open", "made the system call perf_event_open"},
    {"userfaultfd", "made the system call userfaultfd", "made the system call userfaultfd"},
    {"keyctl", "made the system call keyctl", "made the system call keyctl"},
    {"mount", "made the system call mount", "made the system call mount"},
    {"personality", "made the system call personality", "made the system call personality"},
    {"seccomp", "made the system call seccomp", "made the system call seccomp"},
    {"prctl_seccomp", "made the system call prctl", "made the system call prctl"},
    {"map_over_filter", "made the system call mmap", "made the system call mmap"},
    {"unmap_filter", "made the system call munmap", "made the system call munmap"},
    {"write_filter", "", ""},
    {"unheard_signal", "made the system call rt_sigaction", "made the system call rt_sigaction"},
#if defined(__x86_64__)
    {"x32", "made the system call number", "made the system call number"},
    {"int80", "made a system call that no task may make",
     "made a system call that judging an answer does not need"},
#endif
};

}  // namespace

TEST_CASE("each act at its loading stops the task by name, wherever in the library it happens") {
  Acts acts;
  for (const Act& act : kActs) {
    for (const char* stage : {"constructor", "entry", "create"}) {
      CAPTURE(std::string(act.name));
      CAPTURE(std::string(stage));
      const fs::path library = acts.library(stage, act.name);
      const auto use = [&] {
        const Task task = open(library, quick_limits());
        CHECK(judge(task, {"right"}).front().reward == 1);
      };
      if (*act.loading == '\0') {
        CHECK_NOTHROW(use());
        continue;
      }
      const std::string words = thrown_by(use);
      CAPTURE(words);
      CHECK(holds(words, act.loading));
      CHECK(holds(words, library.string()));
      CHECK(holds(words, std::string(stage) == "create" ? "while being set up" : "while loading"));
      if (holds(words, "made the system call")) CHECK(holds(words, kLoading));
    }
  }
  CHECK(acts.is_unharmed());
}

TEST_CASE("each act while judging costs its row, and no other row anything") {
  Acts acts;
  for (const Act& act : kActs) {
    CAPTURE(std::string(act.name));
    const Task task = open(acts.library("verify", act.name), quick_limits());
    const auto verdicts = judge(task, {"right", "wrong", "act", "right", "wrong"});
    CAPTURE(verdicts[2].detail);
    CHECK(verdicts[0].reward == 1);
    CHECK(verdicts[1].outcome == Outcome::scored);
    CHECK(verdicts[1].reward == 0);
    CHECK(verdicts[2].reward == 0);
    CHECK(verdicts[3].reward == 1);
    CHECK(verdicts[4].reward == 0);
    CHECK((verdicts[2].outcome == Outcome::error) == (*act.judging != '\0'));
    if (*act.judging == '\0') continue;
    CHECK(holds(verdicts[2].detail, act.judging));
    CHECK(holds(verdicts[2].detail, "the code of task \"acts\""));
  }
  CHECK(acts.is_unharmed());
}

TEST_CASE("a thread from before the second stage is held to it as well") {
  Acts acts;
  for (const Act& act : kActs) {
    CAPTURE(std::string(act.name));
    WorkerLimits limits = quick_limits();
    limits.strikes = 1;
    const Task task = open(acts.library("thread", act.name), limits);
    if (*act.judging == '\0') {
      CHECK(judge(task, {"right"}).front().reward == 1);
      continue;
    }
    const std::string words = thrown_by([&] { judge(task, {"right"}); });
    CAPTURE(words);
    CHECK(holds(words, act.judging));
    CHECK(holds(words, "task \"acts\": its code"));
    CHECK(holds(words, "on the answer \"right\""));
  }
  CHECK(acts.is_unharmed());
}

TEST_CASE("what happens in other calls is told with the call, and strikes wherever it is") {
  struct Call {
    const char* stage;
    const char* doing;
    std::function<void(const Task&)> make;
  };
  const Call calls[] = {
      {"draw", "while drawing problems", [](const Task& task) { task.draw(1, {0}); }},
      {"solve", "while solving a problem", [](const Task& task) { task.solve("{}"); }},
      {"demonstrate", "while writing a demonstration",
       [](const Task& task) { task.demonstrate("{}", 1, 2); }},
  };
  Acts acts;
  for (const Call& call : calls) {
    for (const char* name : {"quick_exit", "segv", "socket", "kill_host", "shrink_region"}) {
      CAPTURE(std::string(call.stage));
      CAPTURE(std::string(name));
      const fs::path library = acts.library(call.stage, name);
      const Task task = open(library, quick_limits());
      for (int strike = 1; strike <= 3; ++strike) {
        const std::string words = thrown_by([&] { call.make(task); });
        CAPTURE(words);
        CHECK(holds(words, call.doing));
        CHECK(holds(words, strike < 3 ? "the code of task \"acts\" (" + library.string() + ")"
                                      : "task \"acts\" is stopped: its worker was lost 3 times, "
                                        "the last time because it"));
      }
    }
  }
  CHECK(acts.is_unharmed());
}

TEST_CASE("what never ends is ended, in every call") {
  Acts acts;
  for (const char* name : {"spin", "sleep", "stop"}) {
    CAPTURE(std::string(name));
    const auto loading =
        thrown_by([&] { open(acts.library("constructor", name), hurried_limits(20, 0.5)); });
    CHECK(holds(loading, "ran longer than 0.5 s while loading"));
    const auto creating =
        thrown_by([&] { open(acts.library("create", name), hurried_limits(0.5, 20)); });
    CHECK(holds(creating, "ran longer than 0.5 s while being set up"));
    const Task task = open(acts.library("verify", name), quick_limits());
    const auto verdicts = judge(task, {"right", "act", "right"});
    CHECK(verdicts[0].reward == 1);
    CHECK(holds(verdicts[1].detail, "ran longer than 0.3 s"));
    CHECK(verdicts[2].reward == 1);
  }
}

TEST_CASE("a cursor that jumps gains no time") {
  Acts acts;
  struct Case {
    const char* name;
    const char* words;
    bool is_of_thread;
  };
  for (const Case& c :
       {Case{"to_and_fro", "ran longer than 0.3 s", false},
        Case{"beyond", "ran longer than", false}, Case{"by_thread", "ran longer than", true},
        Case{"by_thread_beyond", "ran longer than", true}}) {
    CAPTURE(std::string(c.name));
    WorkerLimits limits = quick_limits();
    limits.strikes = 100;
    const Task task = open(acts.library("cursor", c.name), limits);
    const auto verdicts = judge(task, {"right", "right", "act", "right"});
    CHECK(holds(verdicts[2].detail, c.words));
    for (const std::size_t other : {std::size_t{0}, std::size_t{1}, std::size_t{3}}) {
      const bool lied_about = c.is_of_thread && holds(verdicts[other].detail,
                                                      c.words);  // it says that it was on that row
      CHECK((lied_about || verdicts[other].reward == 1));
    }
  }
}

TEST_CASE(
    "a task that does not say which row it is on loses the row, and is stopped as any other") {
  Acts acts;
  const Task task = open(acts.library("silent", "segv"), quick_limits());
  const auto verdicts = judge(task, {"right", "act", "right"});
  CHECK(verdicts[0].reward == 1);
  CHECK(holds(verdicts[1].detail, "was ended by signal 11"));
  CHECK(verdicts[2].reward == 1);
  judge(task, {"right", "act"});
  CHECK(holds(thrown_by([&] { judge(task, {"act", "right"}); }),
              "task \"acts\" is stopped: its worker was lost 3 times"));
}

TEST_CASE(
    "workers that are lost where no row is to blame are strikes, and rows judged after that "
    "forgive none") {
  Acts acts;
  WorkerLimits limits = quick_limits();
  limits.forgiven_after = 3;
  const Task task = open(acts.library("batch", "segv"), limits);
  const std::vector<std::string> answers = {"right", "wrong", "right", "right", "wrong"};
  for (int strike = 1; strike <= 2; ++strike) {
    const auto verdicts = judge(task, answers);
    for (std::size_t i = 0; i < answers.size(); ++i)
      CHECK(verdicts[i].reward == (answers[i] == "right" ? 1 : 0));
  }
  CHECK(holds(thrown_by([&] { judge(task, answers); }),
              "task \"acts\" is stopped: its worker was lost 3 times, the last time because it was "
              "ended by signal 11"));
}

TEST_CASE("a task that only says that it has been created is not taken for confined") {
  Acts acts;
  CHECK(holds(thrown_by([&] { open(acts.library("create", "empty"), quick_limits()); }),
              "has threads that are not held to computing"));
}

TEST_CASE("threads are counted, and have to rest while nothing is asked") {
  Acts acts;
  WorkerLimits limits = quick_limits();
  limits.strikes = 1;
  limits.threads = 16;
  const std::string words = thrown_by([&] { open(acts.library("create", "thread_bomb"), limits); });
  CAPTURE(words);
  CHECK(holds(words, "at most 16 are possible"));
  const Task task = open(acts.library("create", "spinning_threads"), limits);
  CHECK(judge(task, {"right"}).front().reward == 1);
  std::string late;
  for (int i = 0; i < 100 && late.empty(); ++i) {
    ::usleep(50000);
    late = thrown_by([&] { judge(task, {"right"}); });
    if (late == "nothing was thrown") late.clear();
  }
  CHECK(holds(late, "task \"acts\": its code kept processors busy for"));
}

TEST_CASE(
    "a task reads its own files, those that settings name, and with Landlock nothing of others") {
  Acts acts;
  for (const char* name : {"cmdline", "shadow", "environ", "terminal"}) {
    CAPTURE(std::string(name));
    if (has_landlock()) CHECK_NOTHROW(open(acts.library("create", name), quick_limits()));
  }
}
