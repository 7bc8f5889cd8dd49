// Writing safetensors files.

#include <fcntl.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/model/safetensors.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;  // numbers converted at once

// Refuses to write NaN and infinite numbers. `piece` holds the numbers from `first` on.
void check_piece(const TensorView& tensor, const char* piece, std::size_t first,
                 std::size_t count) {
  const std::size_t found = first_not_finite(tensor.dtype, piece, count);
  if (found == count) return;
  float value = 0;
  to_float(tensor.dtype, piece + found * bytes_of(tensor.dtype), 1, &value);
  const std::int64_t index = first + found;
  if (tensor.mapped != nullptr)
    fail_not_finite(tensor.mapped->path(), tensor.name, tensor.shape, index, value);
  throw Failure(
      "tensor \"" + tensor.name + "\" has become " + not_finite_text(tensor.shape, index, value) +
          ": such weights are not written",
      "the weights have diverged: lower the learning rate, or continue from earlier ones");
}

// The smallest number that rounds to infinity.
float overflow_from(Dtype dtype) {
  if (dtype == Dtype::f16) return 65520.0f;
  return dtype == Dtype::bf16 ? std::bit_cast<float>(0x7F7F8000u)
                              : std::numeric_limits<float>::infinity();
}

void check_overflow(const TensorView& tensor, const std::vector<float>& numbers, std::size_t count,
                    Dtype dtype) {
  for (std::size_t i = 0; i < count; ++i) {
    if (std::abs(numbers[i]) < overflow_from(dtype)) continue;
    throw Failure("tensor \"" + tensor.name + "\" holds " + real_text(numbers[i]) + ", which " +
                      name_of(dtype) + " cannot hold",
                  "write bf16 or f32");
  }
}

// Writes the numbers of a tensor as `dtype`, piece by piece.
void write_numbers(const FileHandle& file, const fs::path& path, const TensorView& tensor,
                   Dtype dtype) {
  const std::size_t n = tensor.elements();
  const std::size_t from = bytes_of(tensor.dtype);
  const std::size_t to = bytes_of(dtype);
  const char* data = static_cast<const char*>(tensor.data);
  std::vector<float> numbers(tensor.dtype == dtype ? 0 : std::min(n, kPiece));
  std::vector<char> converted(numbers.size() * to);
  for (std::size_t done = 0; done < n; done += kPiece) {
    const std::size_t count = std::min(kPiece, n - done);
    const char* piece = data + done * from;
    check_piece(tensor, piece, done, count);
    if (tensor.dtype == dtype) {
      file.write({piece, count * to}, path);
    } else {
      to_float(tensor.dtype, piece, count, numbers.data());
      check_overflow(tensor, numbers, count, dtype);
      from_float(dtype, numbers.data(), count, converted.data());
      file.write({converted.data(), count * to}, path);
    }
    if (tensor.mapped != nullptr) tensor.mapped->let_go(piece, count * from);
  }
}

void write_header(const FileHandle& file, const fs::path& path, const Json& header) {
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // aligns the data to 8 bytes
  const std::uint64_t header_bytes = text.size();
  file.write({reinterpret_cast<const char*>(&header_bytes), 8}, path);
  file.write(text, path);
}

}  // namespace

void write_safetensors(const fs::path& path, const std::vector<TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata, Dtype dtype) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t at = 0;
  for (const TensorView& tensor : tensors) {
    const std::size_t bytes = tensor.elements() * bytes_of(dtype);
    header[tensor.name] = {{"dtype", safetensors_name(dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {at, at + bytes}}};
    at += bytes;
  }
  const FileHandle file(path, O_WRONLY | O_CREAT | O_TRUNC);
  write_header(file, path, header);
  for (const TensorView& tensor : tensors) write_numbers(file, path, tensor, dtype);
  file.sync(path);
}

void write_tensors(const fs::path& path, const std::map<std::string, TensorInfo>& tensors,
                   const TensorReader& read) {
  Json header = Json::object();
  std::size_t at = 0;
  for (const auto& [name, tensor] : tensors) {
    header[name] = {{"dtype", tensor.dtype},
                    {"shape", tensor.shape},
                    {"data_offsets", {at, at + tensor.bytes}}};
    at += tensor.bytes;
  }
  const FileHandle file(path, O_WRONLY | O_CREAT | O_TRUNC);
  write_header(file, path, header);
  for (const auto& [name, tensor] : tensors) {
    std::size_t first = 0;  // number of the piece
    const auto write = [&, &name = name, &tensor = tensor](std::string_view piece) {
      if (holds_reals(tensor)) {
        const Dtype dtype = dtype_of(tensor, name);
        const std::size_t count = piece.size() / bytes_of(dtype);
        check_piece({name, tensor.shape, nullptr, dtype}, piece.data(), first, count);
        first += count;
      }
      file.write(piece, path);
    };
    if (read) read(name, write);
    else write({tensor.data, tensor.bytes});
  }
  file.sync(path);
}

}  // namespace tinyzero
