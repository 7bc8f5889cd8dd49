// The completions of a step as a file: JSON lines, compressed with Zstandard (RFC 8878). Each file
// is whole in itself and has a checksum, and `zstdcat` reads it. Older programs wrote the lines
// plain, as .jsonl: both are read.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/base/file.h"

namespace tinyzero {

// "step-000020.jsonl.zst".
std::string episode_file_name(std::int64_t step);

// The step that a file in episodes/ belongs to, also one that a crash of an older program left;
// nothing if it is none of these.
std::optional<std::int64_t> episode_file_step(const std::string& name);

// The files of a run by step; of a step that has both forms the compressed one.
std::map<std::int64_t, fs::path> episode_files(const fs::path& run);

// What episode_file_name() holds.
std::string compress_episodes(const std::string& lines);

// Bytes of the lines in a file, as its head says; where it does not say, of the file as it is.
// Throws Error if it cannot be opened.
std::uintmax_t episode_bytes(const fs::path& path);

// Reads a file line by line; memory does not grow with the file.
class EpisodeReader {
 public:
  explicit EpisodeReader(const fs::path& path);  // throws Error
  ~EpisodeReader();

  // The next line that is not empty, without its end; false: there are no more. Throws Error naming
  // the file and the whole lines before if it is cut off or damaged.
  bool next(std::string& line);
  std::int64_t lines() const { return lines_; }  // so far
  // "runs/one/episodes/step-000020.jsonl.zst, line 7": of the last one.
  std::string place() const;

 private:
  struct Source;

  [[noreturn]] void fail(const std::string& what) const;

  fs::path path_;
  std::unique_ptr<Source> source_;
  std::string text_;          // decompressed and not yet taken
  std::size_t at_ = 0;        // of it taken
  std::size_t searched_ = 0;  // of it known to have no line end
  std::int64_t lines_ = 0;
  bool ended_ = false;
};

}  // namespace tinyzero
