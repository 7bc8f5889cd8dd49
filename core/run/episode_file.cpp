#include "core/run/episode_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <vector>

#include "core/base/error.h"
#include "core/base/told_error.h"

namespace tinyzero {
namespace {

constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kPlain = ".jsonl";
constexpr std::string_view kCompressed = ".jsonl.zst";
constexpr std::string_view kUnfinished = ".tmp";  // of older programs
// Sizes and times for a step of the quickstart (512 completions, 196 kB; `zstd -b1 -e9 -i1`): level
// 3 11.9 % in 0.3 ms, level 6 10.3 % in 1.9 ms, level 9 10.0 % in 3.0 ms, level 19 9.4 % in 150 ms.
constexpr int kLevel = 6;
constexpr std::size_t kLongestLine = std::size_t{64} << 20;
constexpr std::size_t kFrameHeader = 18;  // bytes, at most

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::size_t read_some(const FileHandle& file, char* to, std::size_t size, const fs::path& path) {
  for (;;) {
    const ssize_t n = ::read(file.fd(), to, size);
    if (n >= 0) return n;
    if (errno != EINTR) throw Error("cannot read " + path.string() + ": " + system_words(errno));
  }
}

std::string stem_of(std::int64_t step) { return fmt::format("{}{:06d}", kPrefix, step); }

}  // namespace

std::string episode_file_name(std::int64_t step) {
  return stem_of(step) + std::string(kCompressed);
}

std::optional<std::int64_t> episode_file_step(const std::string& name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::int64_t step = 0;
  const char* const end = name.data() + name.size();
  const auto [digits_end, problem] = std::from_chars(name.data() + kPrefix.size(), end, step);
  if (problem != std::errc() || step < 0 ||
      name.substr(0, digits_end - name.data()) != stem_of(step))
    return std::nullopt;
  std::string_view ending(digits_end, end - digits_end);
  if (ending.ends_with(kUnfinished)) ending.remove_suffix(kUnfinished.size());
  return ending == kPlain || ending == kCompressed ? std::optional(step) : std::nullopt;
}

std::map<std::int64_t, fs::path> episode_files(const fs::path& run) {
  std::map<std::int64_t, fs::path> out;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(run / "episodes", missing)) {
    const std::string name = entry.path().filename().string();
    const bool compressed = name.ends_with(kCompressed);
    const auto step = compressed || name.ends_with(kPlain) ? episode_file_step(name) : std::nullopt;
    if (step && (compressed || out.count(*step) == 0)) out[*step] = entry.path();
  }
  return out;
}

std::string compress_episodes(const std::string& lines) {
  const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string out(ZSTD_compressBound(lines.size()), '\0');
  const std::size_t size =
      ZSTD_compress2(context.get(), out.data(), out.size(), lines.data(), lines.size());
  if (ZSTD_isError(size) != 0)
    throw Failure(std::string("episodes cannot be compressed: ") + ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

std::uintmax_t episode_bytes(const fs::path& path) {
  const FileHandle file(path, O_RDONLY);
  char header[kFrameHeader];
  const std::size_t read = read_some(file, header, sizeof header, path);
  const std::uintmax_t size = ZSTD_getFrameContentSize(header, read);
  const bool known = size != ZSTD_CONTENTSIZE_UNKNOWN && size != ZSTD_CONTENTSIZE_ERROR;
  return known ? size : fs::file_size(path);
}

struct EpisodeReader::Source {
  FileHandle file;
  std::unique_ptr<ZSTD_DCtx, Free> context;  // null for a plain file
  std::vector<char> in;
  std::vector<char> out;
  ZSTD_inBuffer given{};
  std::size_t wanted = 1;  // about how many bytes the current frame lacks; 0 at its end
  bool full = false;       // whether `out` was filled, so that there may be more output
};

EpisodeReader::EpisodeReader(const fs::path& path)
    : path_(path), source_(std::make_unique<Source>()) {
  source_->file = FileHandle(path, O_RDONLY);
  source_->in.resize(ZSTD_DStreamInSize());
  if (path.extension() != ".zst") return;
  source_->context.reset(ZSTD_createDCtx());
  if (!source_->context) throw std::bad_alloc();
  source_->out.resize(ZSTD_DStreamOutSize());
}

EpisodeReader::~EpisodeReader() = default;

std::string EpisodeReader::place() const {
  return fmt::format("{}, line {}", path_.string(), lines_);
}

void EpisodeReader::fail(const std::string& what) const {
  throw Error(fmt::format("{} {}: {} of its lines can be read", path_.string(), what, lines_),
              "other steps have their own files; a run that resumes from a checkpoint before this "
              "step writes it again");
}

bool EpisodeReader::next(std::string& line) {
  while (true) {
    while (take_line(line)) {
      if (line.empty()) continue;
      ++lines_;
      return true;
    }
    if (ended_) return false;
    read_more();
  }
}

// The last line needs no line end.
bool EpisodeReader::take_line(std::string& line) {
  const std::size_t end = text_.find('\n', searched_);
  if (end == std::string::npos && (!ended_ || at_ == text_.size())) return false;
  line = text_.substr(at_, std::min(end, text_.size()) - at_);
  at_ = searched_ = std::min(end, text_.size() - 1) + 1;
  return true;
}

void EpisodeReader::read_more() {
  Source& s = *source_;
  text_.erase(0, at_);
  at_ = 0;
  searched_ = text_.size();
  if (text_.size() > kLongestLine)
    fail(fmt::format("has a line of more than {} bytes", kLongestLine));
  if (s.given.pos == s.given.size && !s.full)
    s.given = {s.in.data(), read_some(s.file, s.in.data(), s.in.size(), path_), 0};
  if (s.context) return decompress();
  ended_ = s.given.size == 0;
  text_.append(s.in.data(), s.given.size);
  s.given.pos = s.given.size;
}

void EpisodeReader::decompress() {
  Source& s = *source_;
  if (s.given.size == 0 && !s.full) {
    if (s.wanted != 0) fail("is cut off");
    ended_ = true;
    return;
  }
  ZSTD_outBuffer got{s.out.data(), s.out.size(), 0};
  s.wanted = ZSTD_decompressStream(s.context.get(), &got, &s.given);
  if (ZSTD_isError(s.wanted) != 0)
    fail(std::string("is damaged (") + ZSTD_getErrorName(s.wanted) + ")");
  s.full = got.pos == got.size && s.wanted != 0;
  text_.append(s.out.data(), got.pos);
}

}  // namespace tinyzero
