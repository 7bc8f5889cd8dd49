#include "core/base/child.h"

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/told_error.h"

extern char** environ;

namespace tinyzero {
namespace {

constexpr int kNotStarted = 127;  // the exit code that shells use

// A set of cores in the form of the system.
struct CoreSet {
  cpu_set_t* set;
  std::size_t bytes;

  explicit CoreSet(const std::vector<int>& cores) {
    const int count = cores.empty() ? 1 : cores.back() + 1;
    set = CPU_ALLOC(count);
    if (set == nullptr) throw std::bad_alloc();
    bytes = CPU_ALLOC_SIZE(count);
    CPU_ZERO_S(bytes, set);
    for (const int core : cores) CPU_SET_S(core, bytes, set);
  }
  ~CoreSet() { CPU_FREE(set); }
  CoreSet(const CoreSet&) = delete;
  CoreSet& operator=(const CoreSet&) = delete;
};

// The arguments for exec, with a null at the end. `command` must outlive them.
std::vector<char*> arguments_of(const std::vector<std::string>& command) {
  std::vector<char*> out;
  for (const std::string& word : command) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

int exit_code(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Runs in the child, between fork and exec, where only system calls are allowed.
[[noreturn]] void become(char* const* arguments, int errors, const CoreSet& cores, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kNotStarted);  // the parent died before prctl
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::sched_setaffinity(0, cores.bytes, cores.set);
  ::execv(arguments[0], arguments);
  ::_exit(kNotStarted);
}

// Starts a program that writes both of its output streams to `output`.
pid_t spawn(const std::vector<std::string>& command, int output) {
  const std::vector<char*> arguments = arguments_of(command);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
  pid_t pid = -1;
  const int problem = ::posix_spawn(&pid, arguments[0], &files, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (problem != 0) throw Failure("cannot start " + command.front() + ": " + system_words(problem));
  return pid;
}

std::string read_to_end(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR);) {
    if (n > 0) text.append(buffer, n);
  }
  return text;
}

}  // namespace

Child::Child(const std::vector<std::string>& command, const std::filesystem::path& errors,
             const std::vector<int>& cores) {
  const FileHandle file(errors, O_WRONLY | O_CREAT | O_APPEND);
  const std::vector<char*> arguments = arguments_of(command);
  const CoreSet set(cores);
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
  if (pid_ < 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  pid_ = -1;
  return exit_code(status);
}

ProgramResult run_program(const std::vector<std::string>& command) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw Failure(std::string("cannot make a pipe: ") + system_words(errno));
  const FileHandle reading = FileHandle::adopt(ends[0]);
  FileHandle writing = FileHandle::adopt(ends[1]);
  const pid_t pid = spawn(command, writing.fd());
  writing = FileHandle();  // so that reading ends with the program
  ProgramResult result;
  result.output = read_to_end(reading.fd());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.code = exit_code(status);
  return result;
}

}  // namespace tinyzero
