#include "core/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/base/error.h"
#include "core/base/told_error.h"

namespace tinyzero {
namespace {

std::string reason() { return system_words(errno); }

std::size_t size_of(int fd, const fs::path& path) {
  struct stat status {};
  if (fstat(fd, &status) != 0) throw Error("cannot read " + path.string() + ": " + reason());
  if (!S_ISREG(status.st_mode)) throw Error(path.string() + " is not a regular file");
  return static_cast<std::size_t>(status.st_size);
}

}  // namespace

FileHandle::FileHandle(const fs::path& path, int flags, int mode) : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
  if (fd_ < 0) {
    const bool writes = (flags & (O_WRONLY | O_RDWR)) != 0;
    throw Error("cannot " + std::string(writes ? "write " : "read ") + path.string() + ": " + reason(), system_hint(errno));
  }
}

FileHandle::~FileHandle() {
  if (fd_ >= 0) ::close(fd_);
}

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void FileHandle::write(std::string_view content, const fs::path& path) const {
  while (!content.empty()) {
    const ssize_t n = ::write(fd_, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw Failure("cannot write " + path.string() + ": " + reason(), "free some space, then resume");
    content.remove_prefix(static_cast<std::size_t>(n));
  }
}

void FileHandle::sync(const fs::path& path) const {
  if (::fsync(fd_) != 0) throw Failure("cannot flush " + path.string() + " to disk: " + reason());
}

std::string read_file(const fs::path& path) {
  const FileHandle file(path, O_RDONLY);
  std::string content(size_of(file.fd(), path), '\0');
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = ::read(file.fd(), content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error("cannot read " + path.string() + ": " + reason());
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  content.resize(done);
  return content;
}

void write_file_synced(const fs::path& path, std::string_view content) {
  const FileHandle file(path, O_WRONLY | O_CREAT | O_TRUNC);
  file.write(content, path);
  file.sync(path);
}

void write_file_atomically(const fs::path& path, std::string_view content) {
  const fs::path temporary = path.string() + ".tmp";
  write_file_synced(temporary, content);
  fs::rename(temporary, path);
  sync_folder(path.parent_path().empty() ? "." : path.parent_path());
}

void sync_folder(const fs::path& folder) {
  const FileHandle handle(folder, O_RDONLY | O_DIRECTORY);
  handle.sync(folder);
}

std::uintmax_t free_space(fs::path folder) {
  folder = fs::absolute(folder);
  while (!fs::exists(folder) && folder.has_parent_path() && folder != folder.parent_path()) folder = folder.parent_path();
  std::error_code problem;
  const fs::space_info space = fs::space(folder, problem);
  if (problem) throw Error("cannot tell how much space is free in " + folder.string() + ": " + system_words(problem.value()));
  return space.capacity > 0 ? space.available : static_cast<std::uintmax_t>(-1);
}

MappedFile::MappedFile(const fs::path& path) {
  const FileHandle file(path, O_RDONLY);
  size_ = size_of(file.fd(), path);
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.fd(), 0);
  if (address == MAP_FAILED) throw Error("cannot map " + path.string() + ": " + reason());
  data_ = static_cast<char*>(address);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

void MappedFile::let_go(const char* data, std::size_t bytes) const {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)), at = static_cast<std::size_t>(data - data_);
  const std::size_t begin = (at + page - 1) / page * page, end = (at + bytes) / page * page;
  if (begin < end && end <= size_) ::madvise(data_ + begin, end - begin, MADV_DONTNEED);
}

MappedFile::MappedFile(MappedFile&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

}  // namespace tinyzero
