#include "core/check/process.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/check/checks.h"

namespace tinyzero {
namespace {

constexpr int kThrew = 113;  // exit code of a child whose work threw; `text` is why

}  // namespace

Watch::Watch() {
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw Failure("no memory for a check");
  shared_ = static_cast<Shared*>(memory);
}

Watch::~Watch() { ::munmap(shared_, sizeof(Shared)); }

void Watch::begin(const std::vector<Answer>& answers) {
  for (std::size_t i = 0; i < std::min(answers.size(), kRows); ++i) {
    const std::string_view text = answers[i].completion.substr(0, kText - 1);
    std::copy(text.begin(), text.end(), shared_->text[i]);
    shared_->text[i][text.size()] = '\0';
  }
  shared_->row = 0;
  shared_->calls = shared_->calls + 1;
  shared_->rows = static_cast<std::uint32_t>(answers.size());
}

std::uint64_t Watch::place() const {
  return shared_->rows == 0 ? 0 : std::uint64_t{shared_->calls} << 32 | (shared_->row + std::uint64_t{1});
}

std::string Watch::answer() const { return shared_->rows == 0 || shared_->row >= kRows ? "" : shared_->text[shared_->row]; }

ProcessOutcome run_forked(double seconds, const Watch* watch, double row_seconds, const std::function<std::string()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) throw Failure("no pipe for a check");
  FileHandle reading = FileHandle::adopt(ends[0]), writing = FileHandle::adopt(ends[1]);
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) throw Failure("no process for a check");
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // what a task does in it may never end
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_DFL);
    if (std::freopen("/dev/null", "w", stdout) == nullptr) ::_exit(1);
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

  using Clock = std::chrono::steady_clock;
  constexpr int kLookMilliseconds = 100;
  ProcessOutcome outcome;
  const Clock::time_point start = Clock::now();
  Clock::time_point since = start;  // when `place` was first seen
  std::uint64_t place = 0;
  std::string too_long;
  for (char buffer[4096];;) {
    pollfd waiting{reading.fd(), POLLIN, 0};
    if (::poll(&waiting, 1, kLookMilliseconds) > 0) {
      const ssize_t n = ::read(reading.fd(), buffer, sizeof buffer);
      if (n <= 0) break;
      outcome.text.append(buffer, static_cast<std::size_t>(n));
      continue;
    }
    const Clock::time_point now = Clock::now();
    if (const std::uint64_t current = watch != nullptr ? watch->place() : 0; current != place) {
      place = current;
      since = now;
    }
    if (now - start > std::chrono::duration<double>(seconds)) too_long = fmt::format("ran longer than {} s", seconds);
    if (place != 0 && now - since > std::chrono::duration<double>(row_seconds)) too_long = fmt::format("ran longer than {} s", row_seconds);
    if (too_long.empty()) continue;
    ::kill(pid, SIGKILL);
    break;
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  outcome.finished = too_long.empty() && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (outcome.finished || (too_long.empty() && WIFEXITED(status) && WEXITSTATUS(status) == kThrew)) return outcome;
  outcome.text = !too_long.empty()     ? too_long
                 : WIFSIGNALED(status) ? fmt::format("was ended by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)))
                                       : fmt::format("ended its process with exit code {}", WEXITSTATUS(status));
  if (watch != nullptr && watch->place() != 0) outcome.text += " on the answer " + shown(watch->answer());
  return outcome;
}

}  // namespace tinyzero
