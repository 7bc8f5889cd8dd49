#include "core/base/streams.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/file.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/streams");

namespace {

// Closes a standard stream for one test.
class Closed {
 public:
  explicit Closed(int fd) : fd_(fd), saved_(::fcntl(fd, F_DUPFD_CLOEXEC, 10)) { ::close(fd); }
  ~Closed() {
    ::dup2(saved_, fd_);
    ::close(saved_);
  }
  Closed(const Closed&) = delete;
  Closed& operator=(const Closed&) = delete;

 private:
  int fd_;
  int saved_;
};

}  // namespace

TEST_CASE("closed streams are filled: input is empty, errors vanish, output fails") {
  char byte = 0;
  ssize_t read = -1, written_out = -1, written_err = -1;
  int problem = 0;
  int next = -1;
  {
    const Closed in(STDIN_FILENO), out(STDOUT_FILENO), err(STDERR_FILENO);
    open_standard_streams();
    read = ::read(STDIN_FILENO, &byte, 1);
    written_out = ::write(STDOUT_FILENO, "x", 1);
    problem = errno;
    written_err = ::write(STDERR_FILENO, "x", 1);
    const FileHandle file = FileHandle::adopt(::open("/dev/null", O_RDONLY));
    next = file.fd();
  }
  CHECK(read == 0);
  CHECK(written_out == -1);
  CHECK(problem == EBADF);
  CHECK(written_err == 1);
  CHECK(next > STDERR_FILENO);
}

TEST_CASE("open streams stay as they are") {
  struct Ends {
    int fd[2];
  } ends{};
  REQUIRE(::pipe(ends.fd) == 0);
  {
    const Closed out(STDOUT_FILENO);
    ::dup2(ends.fd[1], STDOUT_FILENO);
    open_standard_streams();
    CHECK(::write(STDOUT_FILENO, "x", 1) == 1);
  }
  char byte = 0;
  CHECK(::read(ends.fd[0], &byte, 1) == 1);
  CHECK(byte == 'x');
  ::close(ends.fd[0]);
  ::close(ends.fd[1]);
}
