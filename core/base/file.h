// Files, written so that a crash at any moment leaves the old content or the new, never a part.
//
// A path stands for a regular file, or for a symbolic link to one. A named pipe, a device, a socket
// or a folder in its place is an Error at once: nothing here waits for one, or writes over one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace tinyzero {

namespace fs = std::filesystem;

// The whole file; throws Error naming the path and the system's reason, also if it has more than
// `most` bytes.
std::string read_file(const fs::path& path, std::uintmax_t most = static_cast<std::uintmax_t>(-1));

// The number that follows the word `name` at the beginning of a line, as the system writes of
// processes and groups in /proc and /sys; -1: there is none.
std::int64_t number_after(const fs::path& path, const std::string& name);

// Replaces a file, or makes one: temporary file in the same folder, fsync, rename, fsync of the
// folder. The new file has the permissions of the old one. Of a symbolic link the file that it
// leads to is replaced. Throws Error, with nothing written, for what is no regular file, for a link
// that leads nowhere, for a file that may not be written, and for the one that standard output or
// standard error goes to. A temporary file that could not take the place is removed.
void write_file_atomically(const fs::path& path, std::string_view content);

// Throws what write_file_atomically would throw before it writes: for asking before long work.
void check_replaceable(const fs::path& path);

// Whether a file of this name in a folder is a temporary one of write_file_atomically, which a
// killed process may leave.
bool is_temporary_name(const std::string& name);

// Writes a file inside a folder that is not yet visible under its final name, and fsyncs it.
void write_file_synced(const fs::path& path, std::string_view content);

// Makes a folder and those that it is in, as far as they are missing. Throws Error.
void make_folders(const fs::path& folder);

// Makes the entries of a folder durable.
void sync_folder(const fs::path& folder);

// Bytes that may still be written into `folder` or, where it does not exist yet, into what it will
// be made in; the largest number where the file system has no size.
std::uintmax_t free_space(fs::path folder);

// A read-only memory map of a whole file. Movable.
class MappedFile {
 public:
  explicit MappedFile(const fs::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  // These bytes are not needed soon: their pages stop counting as memory of this process, and are
  // read again if they are touched.
  void let_go(const char* data, std::size_t bytes) const;

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

// An open file descriptor that closes itself; -1 when empty.
class FileHandle {
 public:
  FileHandle() = default;
  // Opens a regular file or, with O_DIRECTORY, a folder. Throws Error for anything else, without
  // waiting, and for a file to be made where a link leads nowhere. With O_NOFOLLOW no link is
  // followed.
  FileHandle(const fs::path& path, int flags, int mode = 0644);
  // Takes a descriptor that is open already; -1: empty.
  static FileHandle adopt(int fd) {
    FileHandle out;
    out.fd_ = fd;
    return out;
  }
  ~FileHandle();
  FileHandle(FileHandle&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileHandle& operator=(FileHandle&& other) noexcept;

  int fd() const { return fd_; }
  // Gives the descriptor away: from here on it is the caller's to close.
  int release() { return std::exchange(fd_, -1); }
  // Writes everything; throws Failure with the path (a full disk, say).
  void write(std::string_view content, const fs::path& path) const;
  void sync(const fs::path& path) const;

 private:
  int fd_ = -1;
};

}  // namespace tinyzero
