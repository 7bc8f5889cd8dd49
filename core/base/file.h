// Files, written so that a crash at any moment leaves the old content or the new, never a part.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace tinyzero {

namespace fs = std::filesystem;

// The whole file; throws Error naming the path and the system's reason.
std::string read_file(const fs::path& path);

// Temporary file in the same folder, fsync, rename, fsync of the folder.
void write_file_atomically(const fs::path& path, std::string_view content);

// Writes a file inside a folder that is not yet visible under its final name, and fsyncs it.
void write_file_synced(const fs::path& path, std::string_view content);

// Makes the entries of a folder durable.
void sync_folder(const fs::path& folder);

// Bytes that may still be written into `folder` or, where it does not exist yet, into what it will be made in; the largest number where the
// file system has no size.
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
  // These bytes are not needed soon: their pages stop counting as memory of this process, and are read again if they are touched.
  void let_go(const char* data, std::size_t bytes) const;

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

// An open file descriptor that closes itself; -1 when empty.
class FileHandle {
 public:
  FileHandle() = default;
  FileHandle(const fs::path& path, int flags, int mode = 0644);  // throws Error
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
  // Writes everything; throws Failure with the path (a full disk, say).
  void write(std::string_view content, const fs::path& path) const;
  void sync(const fs::path& path) const;

 private:
  int fd_ = -1;
};

}  // namespace tinyzero
