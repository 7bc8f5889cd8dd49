#include "tasks/dataset/content.h"

#include <zlib.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace tinyzero::dataset {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 18;
constexpr std::string_view kGzip = "\x1F\x8B", kZstandard = "\x28\xB5\x2F\xFD", kParquet = "PAR1",
                           kByteOrderMark = "\xEF\xBB\xBF";

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  throw std::invalid_argument(path + " " + what);
}

[[noreturn]] void refuse_size(const std::string& path) {
  refuse(path, "holds more than " + std::to_string(kMostContent >> 20) + " MiB");
}

// Appends a piece of the content.
void append(std::string& out, const char* data, std::size_t size, const std::string& path) {
  if (out.size() + size > kMostContent) refuse_size(path);
  out.append(data, size);
}

std::string gunzipped(const std::string& bytes, const std::string& path) {
  constexpr int kOnlyGzip = 15 + 16;  // window bits, and the format
  z_stream stream{};
  if (::inflateInit2(&stream, kOnlyGzip) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, decltype(&::inflateEnd)> end(&stream, ::inflateEnd);
  std::string out, chunk(kChunk, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  while (true) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    append(out, chunk.data(), chunk.size() - stream.avail_out, path);
    if (status == Z_STREAM_END) {
      if (stream.avail_in == 0) return out;
      ::inflateReset(&stream);
    } else if (status != Z_OK) {
      refuse(path, stream.avail_in == 0 ? "ends in the middle of its gzip data"
                                        : "holds damaged gzip data");
    }
  }
}

std::string unzstd(const std::string& bytes, const std::string& path) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                          ZSTD_freeDStream);
  std::string out, chunk(kChunk, '\0');
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::size_t left = 1;  // 0 at the end of a part
  while (in.pos < in.size || left != 0) {
    ZSTD_outBuffer to{chunk.data(), chunk.size(), 0};
    left = ZSTD_decompressStream(stream.get(), &to, &in);
    if (ZSTD_isError(left) != 0) refuse(path, "holds damaged Zstandard data");
    append(out, chunk.data(), to.pos, path);
    if (in.pos == in.size && left != 0 && to.pos < to.size)
      refuse(path, "ends in the middle of its Zstandard data");
  }
  return out;
}

}  // namespace

std::string decompressed(std::string bytes, const std::string& path) {
  const std::string_view start = bytes;
  if (start.starts_with(kParquet)) {
    refuse(path,
           "is a Parquet file; convert it to JSON lines: python3 -c \"import pandas; "
           "pandas.read_parquet('" +
               path + "').to_json('" + path + ".jsonl', orient='records', lines=True)\"");
  }
  if (start.starts_with(kGzip)) bytes = gunzipped(bytes, path);
  else if (start.starts_with(kZstandard)) bytes = unzstd(bytes, path);
  if (std::string_view(bytes).starts_with(kByteOrderMark)) bytes.erase(0, kByteOrderMark.size());
  return bytes;
}

std::string read_content(const std::string& path) {
  std::error_code problem;
  const std::uintmax_t size = std::filesystem::file_size(path, problem);
  if (problem) refuse(path, "cannot be read: " + problem.message());
  if (size > kMostContent) refuse_size(path);
  std::string bytes(size, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(bytes.data(), static_cast<std::streamsize>(size))) refuse(path, "cannot be read");
  return decompressed(std::move(bytes), path);
}

}  // namespace tinyzero::dataset
