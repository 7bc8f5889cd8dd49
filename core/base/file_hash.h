// The hash that identifies a file's content.
#pragma once

#include <string>

#include "core/base/file.h"

namespace tinyzero {

// XXH3 (128 bits) of a file's bytes as 32 hexadecimal digits. Throws Error if it cannot be read.
std::string file_hash(const fs::path& path);

}  // namespace tinyzero
