// The completions of a step as a file: JSON lines, compressed with Zstandard (RFC 8878), with a
// checksum; `zstdcat` reads it. Older programs wrote plain lines, as .jsonl: both forms are read.
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

// The step of a file in episodes/, also of one that a crash of an older program left unfinished;
// nothing for other files.
std::optional<std::int64_t> episode_file_step(const std::string& name);

// The files of a run by step; the compressed one if a step has both forms.
std::map<std::int64_t, fs::path> episode_files(const fs::path& run);

// The content of an episode file.
std::string compress_episodes(const std::string& lines);

// The uncompressed size according to the file's header; the file's own size if the header does not
// contain it. Throws Error if the file cannot be opened.
std::uintmax_t episode_bytes(const fs::path& path);

// Reads a file line by line in bounded memory.
class EpisodeReader {
 public:
  explicit EpisodeReader(const fs::path& path);  // throws Error
  ~EpisodeReader();

  // Reads the next line that is not empty, without its line end. False at the end of the file.
  // Throws Error with the file and the number of lines so far if the file is cut off or damaged.
  bool next(std::string& line);
  std::int64_t lines() const { return lines_; }  // number of lines so far
  // The last line's location: "runs/one/episodes/step-000020.jsonl.zst, line 7".
  std::string place() const;

 private:
  struct Source;

  [[noreturn]] void fail(const std::string& what) const;
  bool take_line(std::string& line);
  // Appends more of the file to text_, or sets ended_.
  void read_more();
  void decompress();

  fs::path path_;
  std::unique_ptr<Source> source_;
  std::string text_;          // decompressed text
  std::size_t at_ = 0;        // bytes of text_ that were returned
  std::size_t searched_ = 0;  // beginning of the bytes that may contain a line end
  std::int64_t lines_ = 0;
  bool ended_ = false;
};

}  // namespace tinyzero
