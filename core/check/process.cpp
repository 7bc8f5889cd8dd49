#include "core/check/process.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "core/base/error.h"
#include "core/base/file.h"

namespace tinyzero {
namespace {

constexpr int kThrew = 113;  // exit code of a child whose work threw; `text` is why

}  // namespace

ProcessOutcome run_forked(double seconds, const std::function<std::string()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) throw Failure("no pipe for a check");
  FileHandle reading = FileHandle::adopt(ends[0]), writing = FileHandle::adopt(ends[1]);
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) throw Failure("no process for a check");
  if (pid == 0) {
    std::string text;
    int code = 0;
    try {
      text = work();
    } catch (const std::exception& e) {
      text = e.what();
      code = kThrew;
    }
    writing.write(text, "a check's pipe");
    ::_exit(code);
  }
  writing = FileHandle();

  ProcessOutcome outcome;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (char buffer[4096];;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    pollfd waiting{reading.fd(), POLLIN, 0};
    const int ready = left > 0 ? ::poll(&waiting, 1, static_cast<int>(left)) : 0;
    const ssize_t n = ready > 0 ? ::read(reading.fd(), buffer, sizeof buffer) : 0;
    if (n > 0) {
      outcome.text.append(buffer, static_cast<std::size_t>(n));
      continue;
    }
    if (ready <= 0) ::kill(pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    outcome.finished = ready > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (outcome.finished || (ready > 0 && WIFEXITED(status) && WEXITSTATUS(status) == kThrew)) return outcome;
    outcome.text = ready <= 0            ? fmt::format("ran longer than {} s", seconds)
                   : WIFSIGNALED(status) ? fmt::format("was ended by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)))
                                         : fmt::format("ended its process with exit code {}", WEXITSTATUS(status));
    return outcome;
  }
}

}  // namespace tinyzero
