// Files. Whatever is written here is complete or absent after a crash, never half there.
//
// A path names a regular file, or a symbolic link to one. A named pipe, a device, a socket or a
// folder is refused with an Error at once: nothing here waits for one, or overwrites one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace tinyzero {

namespace fs = std::filesystem;

// The content of a file. Throws Error with the path and the system's reason, also if the file has
// more than `most` bytes.
std::string read_file(const fs::path& path, std::uintmax_t most = static_cast<std::uintmax_t>(-1));

// The number behind `name` at the beginning of a line, the form of many files in /proc and /sys; -1
// if there is none.
std::int64_t number_after(const fs::path& path, const std::string& name);

// Replaces or creates a file: temporary file in the same folder, fsync, rename, fsync of the
// folder. The new file has the old one's permissions. For a symbolic link, the file it leads to is
// replaced. Throws Error before anything is written for: not a regular file, a link that leads
// nowhere, a file without write permission, the file that standard output or standard error goes
// to. The temporary file is removed on failure.
void write_file_atomically(const fs::path& path, std::string_view content);

// Throws the errors that write_file_atomically throws before it writes: for a check before long
// work.
void check_replaceable(const fs::path& path);

// Whether this is the name of a temporary file of write_file_atomically, which a killed process may
// leave behind.
bool is_temporary_name(const std::string& name);

// Writes a file in place and fsyncs it: for folders that are not yet visible under their final
// name.
void write_file_synced(const fs::path& path, std::string_view content);

// Makes a folder and its missing parents. Throws Error.
void make_folders(const fs::path& folder);

// Makes the entries of a folder durable.
void sync_folder(const fs::path& folder);

// Free bytes for files in `folder`, which need not exist yet. The largest number if the file system
// has no size.
std::uintmax_t free_space(fs::path folder);

// A read-only memory map of a whole file.
class MappedFile {
 public:
  explicit MappedFile(const fs::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  // Releases the memory of these bytes, which are not needed soon. They are read again on access.
  void let_go(const char* data, std::size_t bytes) const;

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

// An open file descriptor that closes itself.
class FileHandle {
 public:
  FileHandle() = default;
  // Opens a regular file or, with O_DIRECTORY, a folder. Throws Error for anything else, without
  // waiting, and if a file should be created at a link that leads nowhere. O_NOFOLLOW refuses
  // links.
  FileHandle(const fs::path& path, int flags, int mode = 0644);
  // Takes over an open descriptor; -1 for none.
  static FileHandle adopt(int fd) {
    FileHandle out;
    out.fd_ = fd;
    return out;
  }
  ~FileHandle();
  FileHandle(FileHandle&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileHandle& operator=(FileHandle&& other) noexcept;

  int fd() const { return fd_; }
  // Gives up the descriptor: the caller closes it.
  int release() { return std::exchange(fd_, -1); }
  // Writes everything. Throws Failure with the path, for a full disk, say.
  void write(std::string_view content, const fs::path& path) const;
  void sync(const fs::path& path) const;

 private:
  int fd_ = -1;  // -1 if empty
};

}  // namespace tinyzero
