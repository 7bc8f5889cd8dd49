#include "support/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "core/base/file.h"
#include "support/temporary.h"

namespace tinyzero {
namespace {

pid_t start(const std::vector<std::string>& command, const std::string& in, const std::string& out,
            const std::string& err, const std::string& folder) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid > 0) return pid;
  const auto redirect = [](const std::string& path, int flags, int target) {
    const int fd = ::open(path.c_str(), flags, 0644);
    ::dup2(fd, target);
    ::close(fd);
  };
  redirect(in, O_RDONLY, 0);
  redirect(out, O_WRONLY | O_CREAT | O_TRUNC, 1);
  redirect(err, O_WRONLY | O_CREAT | O_TRUNC, 2);
  if (!folder.empty() && ::chdir(folder.c_str()) != 0) ::_exit(127);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

int wait_for(pid_t pid, std::int64_t* peak_bytes = nullptr) {
  int status = 0;
  rusage usage{};
  ::wait4(pid, &status, 0, &usage);
  if (peak_bytes != nullptr) *peak_bytes = static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& command, const std::string& input,
                          const std::string& folder) {
  const TemporaryFolder files;
  write_file_synced(files / "in", input);
  const pid_t pid = start(command, files / "in", files / "out", files / "err", folder);
  std::int64_t peak_bytes = 0;
  const int code = wait_for(pid, &peak_bytes);
  return {code, read_file(files / "out"), read_file(files / "err"), peak_bytes};
}

std::string tinyzero_path() { return TINYZERO_PROGRAM; }

ProcessResult tinyzero(const std::vector<std::string>& arguments, const std::string& input) {
  std::vector<std::string> command = {tinyzero_path()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_process(command, input, TINYZERO_SOURCE);
}

ProcessResult tinyzero_with(const std::string& redirections,
                            const std::vector<std::string>& arguments, const std::string& input) {
  std::vector<std::string> command = {"sh", "-c", "exec \"$@\" " + redirections, "sh",
                                      tinyzero_path()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_process(command, input, TINYZERO_SOURCE);
}

BackgroundProcess::BackgroundProcess(const std::vector<std::string>& command,
                                     const std::string& err, const std::string& out)
    : pid_(start(command, "/dev/null", out, err, TINYZERO_SOURCE)) {}

BackgroundProcess::~BackgroundProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

void BackgroundProcess::signal(int number) const { ::kill(pid_, number); }

int BackgroundProcess::wait() {
  const int code = wait_for(pid_);
  pid_ = 0;
  return code;
}

TalkingProcess::TalkingProcess(const std::vector<std::string>& command) {
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(in[0], 0);
    ::dup2(out[1], 1);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  in_ = in[1];
  out_ = out[0];
}

TalkingProcess::~TalkingProcess() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
  finish();
}

void TalkingProcess::write(const std::string& text) const {
  if (::write(in_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error("the pipe is closed");
}

std::string TalkingProcess::read_line() {
  std::string line;
  for (char c = 0; ::read(out_, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

int TalkingProcess::finish() {
  if (in_ >= 0) ::close(in_);
  for (char rest[4096];
       out_ >= 0 && ::read(out_, rest, sizeof rest) > 0;) {  // or it would wait for a reader
  }
  if (out_ >= 0) ::close(out_);
  in_ = out_ = -1;
  const int code = pid_ > 0 ? wait_for(pid_) : 0;
  pid_ = 0;
  return code;
}

}  // namespace tinyzero
