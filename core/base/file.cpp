#include "core/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <limits>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/base/told_error.h"

namespace tinyzero {
namespace {

std::string reason() { return system_words(errno); }

// What a path names instead of a regular file.
const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return S_ISLNK(mode) ? "a symbolic link" : "a device";
}

void check_regular(const struct stat& status, const fs::path& path) {
  if (S_ISREG(status.st_mode)) return;
  throw Error(path.string() + " is " + kind_of(status.st_mode) + ", not a regular file",
              "give the path of a file");
}

Error leads_nowhere(const fs::path& path) {
  std::error_code unreadable;
  return Error(path.string() + " is a link to " + fs::read_symlink(path, unreadable).string() +
                   ", which does not exist",
               "remove the link, or name the file itself");
}

bool is_link(const fs::path& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

[[noreturn]] void fail_to_open(const fs::path& path, bool writes) {
  throw_system_error(writes ? "write" : "read", path, errno);
}

// Checks before opening, because opening a device can have effects, and again afterwards, because
// the path may have changed. O_NONBLOCK avoids waiting for a pipe that appeared in between.
int open_regular(const fs::path& path, int flags, int mode) {
  const bool writes = (flags & (O_WRONLY | O_RDWR)) != 0;
  const bool follows = (flags & O_NOFOLLOW) == 0;
  struct stat status{};
  if ((follows ? ::stat(path.c_str(), &status) : ::lstat(path.c_str(), &status)) == 0)
    check_regular(status, path);
  else if (errno == ENOENT && (flags & O_CREAT) != 0 && is_link(path)) throw leads_nowhere(path);
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode);
  if (fd < 0) fail_to_open(path, writes);
  FileHandle file = FileHandle::adopt(fd);  // closes it if it is refused
  if (::fstat(fd, &status) != 0) fail_to_open(path, writes);
  check_regular(status, path);
  return file.release();
}

int open_folder(const fs::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) fail_to_open(path, /*writes=*/false);
  return fd;
}

std::size_t size_of(int fd, const fs::path& path) {
  struct stat status{};
  if (fstat(fd, &status) != 0) fail_to_open(path, /*writes=*/false);
  return status.st_size;
}

fs::path folder_of(const fs::path& path) {
  return path.parent_path().empty() ? "." : path.parent_path();
}

// A file that can be replaced, with links followed.
struct Replaceable {
  fs::path target;
  std::optional<struct stat> old;  // nothing if there is no file yet
};

// Throws Error if a file is this process's standard output or standard error.
void check_own_stream(const struct stat& status, const fs::path& path) {
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat stream{};
    if (::fstat(fd, &stream) != 0 || stream.st_dev != status.st_dev ||
        stream.st_ino != status.st_ino)
      continue;
    throw Error(path.string() + " is where standard " + (fd == STDOUT_FILENO ? "output" : "error") +
                    " goes, which cannot be replaced",
                "give the path of another file");
  }
}

Replaceable find_replaceable(const fs::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) fail_to_open(path, /*writes=*/true);
    if (is_link(path)) throw leads_nowhere(path);
    return {path, std::nullopt};
  }
  check_regular(status, path);
  check_own_stream(status, path);
  if (::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0)
    fail_to_open(path, /*writes=*/true);
  if (!is_link(path)) return {path, status};
  std::error_code problem;
  const fs::path target = fs::canonical(path, problem);
  if (problem) throw Error("cannot write " + path.string() + ": " + system_words(problem.value()));
  return {target, status};
}

constexpr std::string_view kTemporary = ".tinyzero-";
constexpr std::string_view kTemporaryEnd = ".tmp";

// A file under a new name, to be renamed to `target`. It is removed unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) : target_(target) {
    for (int number = 0; file_.fd() < 0; ++number) {
      path_ = folder_of(target) / (std::string(kTemporary) + std::to_string(::getpid()) + "-" +
                                   std::to_string(number) + std::string(kTemporaryEnd));
      const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
      if (fd < 0 && errno != EEXIST) fail_to_open(target, /*writes=*/true);
      file_ = FileHandle::adopt(fd);
    }
  }
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  // Takes over the owner and permissions of `old`, as far as this process is allowed to.
  void take_permissions(const struct stat& old) const {
    struct stat now{};
    const bool owned =
        ::fstat(file_.fd(), &now) == 0 && now.st_uid == old.st_uid && now.st_gid == old.st_gid;
    if (!owned && ::fchown(file_.fd(), old.st_uid, old.st_gid) != 0 && errno != EPERM) fail();
    if (::fchmod(file_.fd(), old.st_mode & 07777) != 0 && errno != EPERM) fail();
  }

  void write(std::string_view content) const {
    file_.write(content, target_);
    file_.sync(target_);
  }

  void rename_to_target() {
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail();
    path_.clear();
  }

 private:
  [[noreturn]] void fail() const {
    throw Failure("cannot write " + target_.string() + ": " + reason());
  }

  const fs::path target_;
  fs::path path_;  // empty once it is renamed
  FileHandle file_;
};

}  // namespace

FileHandle::FileHandle(const fs::path& path, int flags, int mode)
    : fd_((flags & O_DIRECTORY) != 0 ? open_folder(path, flags) : open_regular(path, flags, mode)) {
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
    if (n <= 0)
      throw Failure("cannot write " + path.string() + ": " + reason(),
                    "free some space, then resume");
    content.remove_prefix(n);
  }
}

void FileHandle::sync(const fs::path& path) const {
  if (::fsync(fd_) != 0) throw Failure("cannot flush " + path.string() + " to disk: " + reason());
}

std::int64_t number_after(const fs::path& path, const std::string& name) {
  std::ifstream file(path);
  std::int64_t number = 0;
  for (std::string word; file >> word; std::getline(file, word)) {
    if (word == name && file >> number) return number;
  }
  return -1;
}

std::string read_file(const fs::path& path, std::uintmax_t most) {
  const FileHandle file(path, O_RDONLY);
  const std::size_t size = size_of(file.fd(), path);
  if (size > most)
    throw Error(path.string() + " has " + std::to_string(size) + " bytes: at most " +
                std::to_string(most) + " are read");
  std::string content(size, '\0');
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = ::read(file.fd(), content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw_system_error("read", path, errno);
    if (n == 0) break;
    done += n;
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
  const Replaceable replaced = find_replaceable(path);
  TemporaryFile file(replaced.target);
  if (replaced.old) file.take_permissions(*replaced.old);
  file.write(content);
  file.rename_to_target();
  sync_folder(folder_of(replaced.target));
}

void check_replaceable(const fs::path& path) {
  const fs::path folder = folder_of(find_replaceable(path).target);
  std::error_code unknown;
  if (!fs::is_directory(folder, unknown))
    throw Error("cannot write " + path.string() + ": there is no folder " + folder.string(),
                "make it first");
  if (::faccessat(AT_FDCWD, folder.c_str(), W_OK, AT_EACCESS) != 0)
    fail_to_open(path, /*writes=*/true);
}

bool is_temporary_name(const std::string& name) {
  return name.starts_with(kTemporary) && name.ends_with(kTemporaryEnd);
}

void make_folders(const fs::path& folder) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (!problem && !fs::is_directory(folder, problem) && !problem)
    problem = std::make_error_code(std::errc::not_a_directory);
  if (problem)
    throw Error("cannot make the folder " + folder.string() + ": " + system_words(problem.value()));
}

void sync_folder(const fs::path& folder) {
  const FileHandle handle(folder, O_RDONLY | O_DIRECTORY);
  handle.sync(folder);
}

std::uintmax_t free_space(fs::path folder) {
  folder = fs::absolute(folder);
  while (!fs::exists(folder) && folder.has_parent_path() && folder != folder.parent_path())
    folder = folder.parent_path();
  std::error_code problem;
  const fs::space_info space = fs::space(folder, problem);
  if (problem)
    throw Error("cannot tell how much space is free in " + folder.string() + ": " +
                system_words(problem.value()));
  return space.capacity > 0 ? space.available : std::numeric_limits<std::uintmax_t>::max();
}

MappedFile::MappedFile(const fs::path& path) {
  const FileHandle file(path, O_RDONLY);
  size_ = size_of(file.fd(), path);
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.fd(), 0);
  if (address == MAP_FAILED) throw_system_error("map", path, errno);
  data_ = static_cast<char*>(address);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

void MappedFile::let_go(const char* data, std::size_t bytes) const {
  const std::size_t page = ::sysconf(_SC_PAGESIZE);
  const std::size_t offset = data - data_;
  const std::size_t begin = (offset + page - 1) / page * page;
  const std::size_t end = (offset + bytes) / page * page;
  if (begin < end && end <= size_) ::madvise(data_ + begin, end - begin, MADV_DONTNEED);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

}  // namespace tinyzero
