// The bytes of a data file.
#pragma once

#include <cstddef>
#include <string>

namespace tinyzero::dataset {

inline constexpr std::size_t kMostContent = std::size_t{1} << 30;  // bytes, uncompressed

// The file's content without compression and without a byte order mark. gzip and Zstandard are
// recognized by their first bytes, whatever the file's name says; a file may hold several parts.
// Throws std::invalid_argument naming the file and the cause.
std::string read_content(const std::string& path);

// The same for bytes that were read; `path` is for messages.
std::string decompressed(std::string bytes, const std::string& path);

}  // namespace tinyzero::dataset
