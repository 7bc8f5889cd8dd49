// The safetensors format: 8 bytes of header length, a JSON header, packed row-major tensors.
//
// Reading maps the file and checks everything before a byte is used: header length, offsets against
// the file and each other, and size against type and shape. Source:
// https://github.com/huggingface/safetensors (README, "Format").
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
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
  // Throws Error for a file that is cut, inconsistent or not of this format. Takes memory in
  // proportion to the header at most.
  explicit SafetensorsFile(const fs::path& path);

  const fs::path& path() const { return path_; }
  std::size_t bytes() const { return file_.size(); }
  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  // These bytes of its data are not needed soon: they stop counting as memory of this process.
  void let_go(const char* data, std::size_t bytes) const { file_.let_go(data, bytes); }

 private:
  fs::path path_;
  MappedFile file_;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::string> metadata_;
};

// The type of a tensor's numbers; throws Error naming `name` if it is not one that weights may
// have.
Dtype dtype_of(const TensorInfo& tensor, const std::string& name);

// Converts a tensor of type F32, BF16 or F16 of `file` to f32. Throws Error naming `name` for other
// types, and for a number that is NaN or infinite.
void to_float(const fs::path& file, const TensorInfo& tensor, const std::string& name, float* out);

// Throws Error, naming the tensor, if a number of a file is NaN or infinite. Types other than F32,
// BF16 and F16 are not looked at.
void check_finite(const SafetensorsFile& file);

// Ends with an Error: number `index` of a tensor of `shape` is NaN or infinite.
[[noreturn]] void fail_not_finite(const fs::path& file, const std::string& name,
                                  const std::vector<std::int64_t>& shape, std::int64_t index,
                                  float value);

// A tensor to write, row-major, that lies in memory as `dtype`.
struct TensorView {
  std::string name;
  std::vector<std::int64_t> shape;
  const void* data;
  Dtype dtype = Dtype::f32;
  const SafetensorsFile* mapped =
      nullptr;  // the file whose map the data lies in, if any: what is written of it is let go

  std::int64_t elements() const;
};

// Writes and fsyncs a file (not atomically: for folders that are not yet visible), all tensors as
// `dtype`. Converts in pieces, in little memory. Throws Failure naming a tensor with a number that
// is NaN or infinite, or would become infinite: such weights would take the place of good ones.
// Throws Error where it is that of a file that is read.
void write_safetensors(const fs::path& path, const std::vector<TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata,
                       Dtype dtype = Dtype::f32);

// Writes and fsyncs a file of tensors of any types of the format, as they are. Throws Failure
// naming a tensor with a number that is NaN or infinite.
void write_tensors(const fs::path& path, const std::map<std::string, TensorInfo>& tensors);

}  // namespace tinyzero
