// Pointers of Git LFS, which stand in the place of large files where only a repository's text was
// cloned.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"

namespace tinyzero {

// Throws Error if `text`, or the beginning of it, is such a pointer in the place of the file
// `path`.
inline void refuse_lfs_pointer(std::string_view text, const std::string& path) {
  if (!text.starts_with("version https://git-lfs.github.com/spec/")) return;
  throw Error(
      path + " is a pointer of Git LFS, and not the file itself, which was never downloaded",
      "run `git lfs pull` in its repository, or download the file");
}

}  // namespace tinyzero
