#include "core/base/child.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "core/base/error.h"
#include "core/base/told_error.h"
#include "core/base/file.h"

namespace tinyzero {
namespace {

constexpr int kNotStarted = 127;  // exit code, as of a shell

// In the child, between fork and exec: system calls only.
[[noreturn]] void become(char* const* arguments, int errors, const cpu_set_t& cores, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kNotStarted);  // it died before it could be watched
  const int nothing = ::open("/dev/null", O_RDWR);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(nothing, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::sched_setaffinity(0, sizeof cores, &cores);
  ::execv(arguments[0], arguments);
  ::_exit(kNotStarted);
}

}  // namespace

Child::Child(const std::vector<std::string>& command, const std::filesystem::path& errors, const std::vector<int>& cores) {
  const FileHandle file(errors, O_WRONLY | O_CREAT | O_APPEND);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores) CPU_SET(core, &set);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw Failure("cannot start " + command.front() + ": " + system_words(errno));
  if (pid_ == 0) become(arguments.data(), file.fd(), set, parent);
}

Child::~Child() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Child::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

std::optional<int> Child::ended() {
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  pid_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::vector<int> usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (::sched_getaffinity(0, sizeof set, &set) != 0)
    throw Failure(std::string("cannot ask which cores may be used: ") + system_words(errno));
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

}  // namespace tinyzero
