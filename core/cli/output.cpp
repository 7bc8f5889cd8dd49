#include "core/cli/output.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <system_error>

namespace tinyzero {
namespace {

int first_problem = 0;     // errno of the first write that failed; 0: none did
bool reader_left = false;  // and that is as it may be

// Why a stream fails that failed behind our back, as when a library flushed it: what it says to one
// more byte.
int problem_now() { return ::write(STDOUT_FILENO, "\n", 1) < 0 ? errno : EIO; }

// Keeps why the stream failed, if it did.
bool works(bool written) {
  const int problem = errno;
  if (written && std::ferror(stdout) == 0) return true;
  if (first_problem == 0) first_problem = problem != 0 ? problem : problem_now();
  return false;
}

bool write_line(const std::string& line) {
  errno = 0;
  return works(std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
               std::putc('\n', stdout) != EOF);
}

bool flush() {
  errno = 0;
  return works(std::fflush(stdout) == 0);
}

}  // namespace

void print_line(const std::string& line) {
  if (!write_line(line)) throw OutputFailure();
}

void flush_output() {
  if (!flush()) throw OutputFailure();
}

bool try_print_line(const std::string& line) {
  if (reader_left || (write_line(line) && flush())) return true;
  reader_left = first_problem == EPIPE;
  return reader_left;
}

bool is_output_failure(const std::exception& e) {
  if (dynamic_cast<const OutputFailure*>(&e) != nullptr) return true;
  const auto* system = dynamic_cast<const std::system_error*>(&e);
  if (system == nullptr || std::ferror(stdout) == 0) return false;
  if (first_problem == 0) first_problem = system->code().value();
  return true;
}

std::string output_problem() {
  if (first_problem == 0 || first_problem == EPIPE) return "";
  return first_problem == EBADF ? "it is closed" : std::strerror(first_problem);
}

int end_output(int code) {
  if (reader_left) return code;
  flush();
  if (first_problem == EPIPE) return code != 0 ? code : 128 + SIGPIPE;
  if (first_problem == 0) return code;
  std::fprintf(stderr, "error: cannot write to standard output: %s\n", output_problem().c_str());
  return code != 0 ? code : 1;
}

}  // namespace tinyzero
