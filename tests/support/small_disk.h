// A disk that is soon full.
#pragma once

#include <sys/mount.h>

#include <fstream>
#include <string>

#include "core/base/file.h"

namespace tinyzero {

// A small file system of its own; not everybody may mount one.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& path, const char* size) : path_(path) {
    fs::create_directories(path_);
    mounted_ = ::mount("tinyzero-test", path_.c_str(), "tmpfs", 0,
                       (std::string("size=") + size).c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  fs::path path_;
  bool mounted_ = false;
};

// Takes all space that is left.
inline void fill(const fs::path& file) {
  std::ofstream out(file, std::ios::binary);
  const std::string block(1 << 12, 'x');
  while (out.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
  }
}

}  // namespace tinyzero
