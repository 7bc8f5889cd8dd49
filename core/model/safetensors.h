// The safetensors format: 8 bytes of header length, a JSON header, packed row-major tensors.
//
// Reading maps the file and checks everything before a byte is used: header length, offsets against the file and each other, and
// size against type and shape. Source: https://github.com/huggingface/safetensors (README, "Format").
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/base/file.h"

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
  // Throws Error for a file that is cut, inconsistent or not of this format.
  explicit SafetensorsFile(const fs::path& path);

  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  MappedFile file_;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::string> metadata_;
};

// Converts a tensor of type F32, BF16 or F16 to f32; throws Error naming `name` for other types.
void to_float(const TensorInfo& tensor, const std::string& name, float* out);

// A tensor to write: f32, row-major.
struct TensorView {
  std::string name;
  std::vector<std::int64_t> shape;
  const float* data;
};

// Writes and fsyncs a file (not atomically: for folders that are not yet visible).
void write_safetensors(const fs::path& path, const std::vector<TensorView>& tensors, const std::map<std::string, std::string>& metadata);

}  // namespace tinyzero
