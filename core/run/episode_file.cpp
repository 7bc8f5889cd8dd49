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

constexpr std::string_view kPrefix = "step-", kPlain = ".jsonl", kCompressed = ".jsonl.zst";
constexpr std::string_view kUnfinished = ".tmp";  // of older programs
// Of a step of the quickstart (512 completions, 196 kB; `zstd -b1 -e9 -i1`): level 3 leaves 11.9 %
// in 0.3 ms, 6 leaves 10.3 % in 1.9 ms, 9 leaves 10.0 % in 3.0 ms, 19 leaves 9.4 % in 150 ms.
constexpr int kLevel = 6;
constexpr std::size_t kLongestLine = std::size_t{64} << 20;
constexpr std::size_t kFrameHead = 18;  // bytes that hold the length of what a frame holds, at most

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::size_t read_some(const FileHandle& file, char* to, std::size_t size, const fs::path& path) {
  for (;;) {
    const ssize_t n = ::read(file.fd(), to, size);
    if (n >= 0) return static_cast<std::size_t>(n);
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
  const char *begin = name.data() + kPrefix.size(), *end = name.data() + name.size();
  const auto [rest, problem] = std::from_chars(begin, end, step);
  if (problem != std::errc() || step < 0 || name.substr(0, rest - name.data()) != stem_of(step))
    return std::nullopt;
  std::string_view ending(rest, end - rest);
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
  char head[kFrameHead];
  const unsigned long long said =
      ZSTD_getFrameContentSize(head, read_some(file, head, sizeof head, path));
  return said == ZSTD_CONTENTSIZE_UNKNOWN || said == ZSTD_CONTENTSIZE_ERROR ? fs::file_size(path)
                                                                            : said;
}

struct EpisodeReader::Source {
  FileHandle file;
  std::unique_ptr<ZSTD_DCtx, Free> context;  // none: the file is plain
  std::vector<char> in, out;
  ZSTD_inBuffer given{};
  std::size_t wanted = 1;  // bytes that are missing for the frame in work, about; 0: it is whole
  bool full = false;       // `out` was filled: there may be more behind it
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
              "the other steps are in files of their own; a run that goes on from a checkpoint "
              "before this step writes it again");
}

bool EpisodeReader::next(std::string& line) {
  Source& s = *source_;
  for (;;) {
    const std::size_t end = text_.find('\n', searched_);
    if (end != std::string::npos || (ended_ && at_ < text_.size())) {
      line = text_.substr(at_, std::min(end, text_.size()) - at_);
      at_ = searched_ = std::min(end, text_.size() - 1) + 1;
      if (line.empty()) continue;
      ++lines_;
      return true;
    }
    if (ended_) return false;
    text_.erase(0, at_);
    at_ = 0;
    searched_ = text_.size();
    if (text_.size() > kLongestLine)
      fail(fmt::format("has a line of more than {} bytes", kLongestLine));
    if (s.given.pos == s.given.size && !s.full)
      s.given = {s.in.data(), read_some(s.file, s.in.data(), s.in.size(), path_), 0};
    if (!s.context) {
      ended_ = s.given.size == 0;
      text_.append(s.in.data(), s.given.size);
      s.given.pos = s.given.size;
    } else if (s.given.size == 0 && !s.full) {
      if (s.wanted != 0) fail("is cut off");
      ended_ = true;
    } else {
      ZSTD_outBuffer got{s.out.data(), s.out.size(), 0};
      s.wanted = ZSTD_decompressStream(s.context.get(), &got, &s.given);
      if (ZSTD_isError(s.wanted) != 0)
        fail(std::string("is damaged (") + ZSTD_getErrorName(s.wanted) + ")");
      s.full = got.pos == got.size && s.wanted != 0;
      text_.append(s.out.data(), got.pos);
    }
  }
}

}  // namespace tinyzero
