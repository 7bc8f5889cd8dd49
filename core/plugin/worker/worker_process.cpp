#include "core/plugin/worker/worker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <ctime>
#include <thread>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/told_error.h"
#include "core/plugin/worker/call_names.h"
#include "core/plugin/worker/sandbox.h"

namespace tinyzero {
namespace {

constexpr int kWireFd = 3;             // the worker's descriptor of the shared memory
constexpr int kOutOfMemory = 112;      // exit code of a worker in Python without memory
constexpr double kLookSeconds = 0.02;  // interval of looking at a worker that does not reply

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// Options of posix_spawn: a session of its own, without this process's signal masks and handlers,
// files and terminal.
class SpawnOptions {
 public:
  SpawnOptions(int wire, const fs::path& folder) {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_adddup2(&files_, wire, kWireFd);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
      ::posix_spawn_file_actions_addopen(&files_, fd, "/dev/null", O_RDWR, 0);
    if (!folder.empty()) ::posix_spawn_file_actions_addchdir_np(&files_, folder.c_str());
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnOptions() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;

  const posix_spawn_file_actions_t* files() const { return &files_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

}  // namespace

WorkerProcess::WorkerProcess(const WorkerCode& code, const WorkerSetup& setup)
    : rest_(WatchClock::now()), most_threads_(setup.threads) {
  region_.header().forbidden_call = -1;
  region_.header().turn = kWireHost;
  hide_this_process();
  start(code, setup);
}

WorkerProcess::~WorkerProcess() { kill(); }

void WorkerProcess::start(const WorkerCode& code, const WorkerSetup& setup) {
  std::vector<std::string> arguments = code.command(setup);
  std::vector<std::string> environment = code.environment(setup);
  const SpawnOptions options(region_.fd(), setup.folder);
  const int error =
      ::posix_spawn(&pid_, arguments.front().c_str(), options.files(), options.attributes(),
                    pointers_to(arguments).data(), pointers_to(environment).data());
  if (error == 0) return;
  pid_ = -1;
  throw Failure("cannot start " + arguments.front() + ": " + system_words(error),
                code.start_hint());
}

void WorkerProcess::kill() {
  if (pid_ < 0) return;
  ::kill(-pid_, SIGKILL);  // with what it has started
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void WorkerProcess::end(const std::string& cause, std::uint32_t row) {
  kill();
  throw WorkerLost{cause, row};
}

std::string WorkerProcess::how_it_ended(int status) {
  const std::string rule = computes_only_ ? "judging an answer does not need" : "no task may make";
  const std::int32_t forbidden = region_.header().forbidden_call;
  if (!computes_only_ && system_call_name(forbidden).starts_with("open"))
    return "tried to open a file for writing";
  if (forbidden >= 0)
    return "made the system call " + system_call_name(forbidden) + ", which " + rule;
  if (!WIFSIGNALED(status) && WEXITSTATUS(status) == kOutOfMemory)
    return fmt::format("used up its memory (exit code {})", kOutOfMemory);
  if (!WIFSIGNALED(status))
    return fmt::format("ended its process with exit code {}", WEXITSTATUS(status));
  if (WTERMSIG(status) == SIGSYS) return "made a system call that " + rule;
  return fmt::format("was ended by signal {} ({})", WTERMSIG(status),
                     ::strsignal(WTERMSIG(status)));
}

void WorkerProcess::check_alive(std::uint32_t row) {
  if (pid_ < 0) throw WorkerLost{"has lost its process", row};
  int status = 0;
  const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
  if (ended == 0) return;
  // A host that was started with SIGCHLD ignored cannot learn how its children ended.
  const bool is_known = ended == pid_;
  if (is_known) ::kill(-pid_, SIGKILL);  // what it has started
  pid_ = -1;
  throw WorkerLost{is_known ? how_it_ended(status) : "ended its process", row};
}

WireReply WorkerProcess::call(WireOperation operation, const CallLimits& limits, std::size_t most,
                              const Write& write) {
  WireHeader& header = region_.header();
  WireWriter out(region_.request(), WireRegion::kArea);
  write(out);
  header.operation = operation;
  header.request_size = out.size();
  header.cursor = kNoRow;
  const Stopwatch duration;
  CallWatch watch(limits, WatchClock::now());
  region_.pass_turn(kWireWorker);
  while (!region_.wait_turn(kWireHost, kLookSeconds)) {
    const std::uint32_t cursor = header.cursor;
    const std::optional<std::string> late = watch.look(cursor, WatchClock::now());
    const std::uint32_t row = watch.row().value_or(kNoRow);
    check_alive(cursor < limits.rows ? cursor : row);
    if (late) end(*late, row);
    check_threads(row);
  }
  rest_.called(duration.seconds());
  check_threads(kNoRow);
  try {
    return region_.take_reply(most);
  } catch (const BrokenMessage& e) {
    end(std::string("sent a reply that cannot be right: ") + e.what());
  }
}

void WorkerProcess::check_threads(std::uint32_t row) {
  if (const int threads = thread_count(); threads > most_threads_)
    end(fmt::format("made {} threads, at most {} are possible", threads, most_threads_), row);
}

void WorkerProcess::check_rest() {
  check_alive(kNoRow);
  const WatchTime now = WatchClock::now();
  if (!rest_.is_due(now)) return;
  const int processors = std::max(1u, std::thread::hardware_concurrency());
  if (const auto busy = rest_.look(processor_seconds(), processors, now))
    end(fmt::format("kept processors busy for {:.1f} s while nothing was asked of it", *busy));
}

void WorkerProcess::check_confined() {
  computes_only_ = true;
  if (!is_computing_only(pid_)) end("has threads that are not held to computing");
}

double WorkerProcess::processor_seconds() const {
  clockid_t clock = 0;
  timespec used{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
  return used.tv_sec + 1e-9 * used.tv_nsec;
}

int WorkerProcess::thread_count() const {
  const fs::path status = "/proc/" + std::to_string(pid_) + "/status";
  return std::max<std::int64_t>(0, number_after(status, "Threads:"));
}

}  // namespace tinyzero
