// A file that one process at a time holds.
//
// By flock where the file system has it: the system then lets go of it, whatever ends the process.
// Some have not (NFS without lockd, Lustre without -o flock, some of FUSE). There a second file
// beside it, .NAME.held, is made by whoever comes first, with O_EXCL, and removed by the same
// process. It names host, process and start, so one that a killed process of this host left is
// known as such and taken over; of one that another host left a person decides.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "core/base/file.h"

namespace tinyzero {

// Who holds a file.
struct LockHolder {
  pid_t pid = -1;           // -1: not known
  std::string host = {};    // empty: this one
  fs::path held_file = {};  // that says so, for a person to delete; empty: the system says so

  std::string name() const;  // "process 12", "process 12 on the host n7", "another process"
  // What to do about it; the sentence begins with `wait`, such as "wait for it".
  std::string hint(const std::string& wait) const;
};

class FileLock {
 public:
  FileLock() = default;  // of no file
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;

  // Takes the lock of the open file `file`, which must outlive this, at `path`. Who holds it, if
  // another process does. Throws Error if there is no way to lock it.
  std::optional<LockHolder> take(const FileHandle& file, const fs::path& path);

  // Why a file holds it and not flock, in words for a person; empty: flock does.
  const std::string& note() const { return note_; }

 private:
  fs::path held_;  // the file that was made; empty: none
  std::string words_, note_;
};

// Who holds the file `path` now; nothing: nobody does, or there is no such file.
std::optional<LockHolder> lock_holder(const fs::path& path);

// The file that holds `path` where flock cannot.
fs::path held_path(const fs::path& path);

}  // namespace tinyzero
