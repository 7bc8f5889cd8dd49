// Pointers of Git LFS. A clone without LFS has them instead of the large files.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"

namespace tinyzero {

// Throws Error if `text`, the beginning of the file `path`, is such a pointer.
inline void refuse_lfs_pointer(std::string_view text, const std::string& path) {
  if (!text.starts_with("version https://git-lfs.github.com/spec/")) return;
  throw Error(path + " is a pointer of Git LFS, not the file itself, which was never downloaded",
              "run `git lfs pull` in its repository, or download the file");
}

}  // namespace tinyzero
