#include "core/base/streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

namespace tinyzero {

void open_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    // open returns `fd`, the lowest free number: those below it are open. Without /dev, "/" will
    // do.
    const int flags = fd == STDERR_FILENO ? O_WRONLY : O_RDONLY;
    if (::open("/dev/null", flags) < 0) ::open("/", O_RDONLY | O_DIRECTORY);
  }
}

}  // namespace tinyzero
