// A file that one process at a time holds.
//
// The lock is flock's where the file system supports it: the system then releases it however the
// process ends. Some file systems do not (NFS without lockd, Lustre without -o flock, some FUSE
// ones). There the first process makes a second file, .NAME.held, with O_EXCL, and removes it at
// the end. It contains host, process and start time: so a file left by a killed process of this
// host is recognised and replaced. A person has to decide about a file left by another host.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "core/base/file.h"

namespace tinyzero {

// The process that holds a file.
struct LockHolder {
  pid_t pid = -1;           // -1 if unknown
  std::string host = {};    // empty for this host
  fs::path held_file = {};  // the file that names the holder; empty if flock reports it

  std::string name() const;  // "process 12", "process 12 on the host n7", "another process"
  // What to do about it: `wait`, such as "wait for it", and the file to delete if it may be stale.
  std::string hint(const std::string& wait) const;
};

class FileLock {
 public:
  FileLock() = default;  // holds nothing
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;

  // Locks the open file `file` at `path`; `file` must outlive this. Returns the holder if another
  // process holds it. Throws Error if it cannot be locked.
  std::optional<LockHolder> take(const FileHandle& file, const fs::path& path);

  // A note for a person if a second file is used instead of flock, with the reason; else empty.
  const std::string& note() const { return note_; }

 private:
  fs::path held_;        // the second file; empty if there is none
  std::string content_;  // of that file
  std::string note_;
};

// A file that is opened, and made if it is missing, for nothing but its lock.
class HeldFile {
 public:
  HeldFile() = default;
  // Takes the lock, or finds the holder. Throws Error if the file cannot be opened or locked.
  explicit HeldFile(const fs::path& path);
  const std::optional<LockHolder>& holder() const { return holder_; }  // nothing: it is held
  const std::string& note() const { return lock_.note(); }

 private:
  FileHandle file_;
  FileLock lock_;
  std::optional<LockHolder> holder_;
};

// The process that holds the file `path` now; nothing if nobody does or there is no such file.
std::optional<LockHolder> lock_holder(const fs::path& path);

// The path of the second file, .NAME.held.
fs::path held_path(const fs::path& path);

}  // namespace tinyzero
