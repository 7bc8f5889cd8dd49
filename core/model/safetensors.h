// The safetensors format: 8 bytes of header length, a JSON header, packed row-major tensors.
//
// Reading maps the file and checks everything before a byte is used: header length, offsets against
// the file and each other, and size against type and shape. Source:
// https://github.com/huggingface/safetensors (README, "Format").
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/file.h"
#include "core/model/dtype.h"

namespace tinyzero {

struct TensorInfo {
  std::string dtype;  // "F32", "BF16", "F16" or another name of the format
  std::vector<std::int64_t> shape;
  const char* data = nullptr;
  std::size_t bytes = 0;

  std::int64_t elements() const;
};

class SafetensorsFile {
 public:
  // Throws Error for a file that is truncated, inconsistent or of another format. Takes memory in
  // proportion to the header at most.
  explicit SafetensorsFile(const fs::path& path);

  const fs::path& path() const { return path_; }
  std::size_t bytes() const { return file_.size(); }
  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  // Releases bytes of the data that are not needed soon: they no longer count as memory of this
  // process, and are read again when touched.
  void let_go(const char* data, std::size_t bytes) const { file_.let_go(data, bytes); }

 private:
  fs::path path_;
  MappedFile file_;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::string> metadata_;
};

// The type of a tensor's numbers. Throws Error naming `name` for a type that weights cannot have.
Dtype dtype_of(const TensorInfo& tensor, const std::string& name);

// Converts a tensor of type F32, BF16 or F16 of `file` to f32. Throws Error naming `name` for other
// types, and for a number that is NaN or infinite.
void to_float(const fs::path& file, const TensorInfo& tensor, const std::string& name, float* out);

// Throws Error, naming the tensor, if a file holds a number that is NaN or infinite. Only types
// F32, BF16 and F16 are checked.
void check_finite(const SafetensorsFile& file);

// Whether a tensor has type F32, BF16 or F16.
bool holds_reals(const TensorInfo& tensor);

// "NaN at [2, 0]" or "an infinite number at [1]": number `index` of a tensor of `shape`.
std::string not_finite_text(const std::vector<std::int64_t>& shape, std::int64_t index,
                            float value);

// Throws Error: number `index` of a tensor of `shape` is NaN or infinite.
[[noreturn]] void fail_not_finite(const fs::path& file, const std::string& name,
                                  const std::vector<std::int64_t>& shape, std::int64_t index,
                                  float value);

// A row-major tensor to write, held in memory as `dtype`.
struct TensorView {
  std::string name;
  std::vector<std::int64_t> shape;
  const void* data;
  Dtype dtype = Dtype::f32;
  // The file whose map holds the data, which is released once it is written; null for other memory.
  const SafetensorsFile* mapped = nullptr;

  std::int64_t elements() const;
};

// Writes and fsyncs a file (not atomically: for folders that are not yet visible), all tensors as
// `dtype`, converted piecewise in little memory. Throws Failure naming a tensor with a number that
// is NaN or infinite, or would become infinite: such weights would replace good ones. Where the
// number comes from a mapped file, that is an Error.
void write_safetensors(const fs::path& path, const std::vector<TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata,
                       Dtype dtype = Dtype::f32);

// Calls take() with the bytes of a tensor, in order, in pieces of whole numbers.
using TensorReader =
    std::function<void(const std::string& name, const std::function<void(std::string_view)>& take)>;

// Writes and fsyncs a file of tensors of any types of the format, unchanged. They are read by
// `read`, one after the other, or, if that is null, from where their data is. Throws Failure naming
// a tensor with a number that is NaN or infinite.
void write_tensors(const fs::path& path, const std::map<std::string, TensorInfo>& tensors,
                   const TensorReader& read = nullptr);

}  // namespace tinyzero
