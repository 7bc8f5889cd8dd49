#include "core/cli/follower.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tinyzero {

std::vector<std::string> Follower::lines() {
  std::vector<std::string> out;
  if (!fs::exists(path_)) return out;
  const FileHandle file(path_, O_RDONLY);
  struct stat status{};
  const std::int64_t size = ::fstat(file.fd(), &status) == 0 ? status.st_size : 0;
  if (size < read_) {
    read_ = size;
    unfinished_.clear();
  }
  char buffer[1 << 16];
  for (ssize_t n; (n = ::pread(file.fd(), buffer, sizeof buffer, read_)) > 0;) {
    read_ += n;
    unfinished_.append(buffer, n);
  }
  std::size_t at = 0;
  for (std::size_t end; (end = unfinished_.find('\n', at)) != std::string::npos; at = end + 1)
    out.push_back(unfinished_.substr(at, end - at));
  unfinished_.erase(0, at);
  return out;
}

}  // namespace tinyzero
