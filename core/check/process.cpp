#include "core/check/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"

namespace tinyzero {
namespace {

// Exit codes of a child that sent its text. A child that ends otherwise, for example because a
// plugin calls exit(), has another code.
constexpr int kReturned = 112;
constexpr int kThrew = 113;

// Does the work in the child and sends its result.
[[noreturn]] void work_in_child(const FileHandle& writing, pid_t parent,
                                const std::function<std::string()>& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // the parent ended before prctl
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

// Reads until the child closes its end. Returns false if the time is over first.
bool receive(const FileHandle& reading, double seconds, std::string& text) {
  constexpr int kLookMilliseconds = 100;
  const Stopwatch watch;
  for (char buffer[4096];;) {
    pollfd waiting{reading.fd(), POLLIN, 0};
    if (::poll(&waiting, 1, kLookMilliseconds) > 0) {
      const ssize_t n = ::read(reading.fd(), buffer, sizeof buffer);
      if (n <= 0) return true;
      text.append(buffer, n);
    } else if (watch.seconds() > seconds) {
      return false;
    }
  }
}

std::string end_of_process(int status) {
  if (WIFSIGNALED(status))
    return fmt::format("was ended by signal {} ({})", WTERMSIG(status),
                       ::strsignal(WTERMSIG(status)));
  return fmt::format("ended its process with exit code {}", WEXITSTATUS(status));
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
  if (!in_time) outcome.text = fmt::format("ran longer than {} s", seconds);
  else if (code != kReturned && code != kThrew) outcome.text = end_of_process(status);
  return outcome;
}

}  // namespace tinyzero
