#include "core/check/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>

#include "core/base/error.h"
#include "core/base/file.h"

namespace tinyzero {
namespace {

// Exit codes of a child that sent its text. Whatever else ends it, the code of a plugin that calls
// exit() among it, has another.
constexpr int kReturned = 112, kThrew = 113;

// Does the work in the child and sends what came of it.
[[noreturn]] void work_in_child(const FileHandle& writing, pid_t parent,
                                const std::function<std::string()>& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // it ended before it could be watched
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_DFL);
  if (std::freopen("/dev/null", "w", stdout) == nullptr) ::_exit(1);
  std::string text;
  int code = kReturned;
  try {
    text = work();
  } catch (const std::exception& e) {
    text = e.what();
    code = kThrew;
  }
  writing.write(text, "a check's pipe");
  ::_exit(code);
}

// Reads until the child closes its end; false: the time was over before.
bool receive(const FileHandle& reading, double seconds, std::string& text) {
  using Clock = std::chrono::steady_clock;
  constexpr int kLookMilliseconds = 100;
  const Clock::time_point start = Clock::now();
  for (char buffer[4096];;) {
    pollfd waiting{reading.fd(), POLLIN, 0};
    if (::poll(&waiting, 1, kLookMilliseconds) > 0) {
      const ssize_t n = ::read(reading.fd(), buffer, sizeof buffer);
      if (n <= 0) return true;
      text.append(buffer, n);
    } else if (Clock::now() - start > std::chrono::duration<double>(seconds)) {
      return false;
    }
  }
}

}  // namespace

ProcessOutcome run_forked(double seconds, const std::function<std::string()>& work) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Failure("no pipe for a check");
  FileHandle reading = FileHandle::adopt(ends[0]), writing = FileHandle::adopt(ends[1]);
  std::fflush(nullptr);
  const pid_t parent = ::getpid(), pid = ::fork();
  if (pid < 0) throw Failure("no process for a check");
  if (pid == 0) work_in_child(writing, parent, work);
  writing = FileHandle();

  ProcessOutcome outcome;
  const bool in_time = receive(reading, seconds, outcome.text);
  if (!in_time) ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  outcome.finished = in_time && code == kReturned;
  if (in_time && (code == kReturned || code == kThrew)) return outcome;
  outcome.text = !in_time ? fmt::format("ran longer than {} s", seconds)
                 : WIFSIGNALED(status)
                     ? fmt::format("was ended by signal {} ({})", WTERMSIG(status),
                                   ::strsignal(WTERMSIG(status)))
                     : fmt::format("ended its process with exit code {}", code);
  return outcome;
}

}  // namespace tinyzero
