#include "core/model/safetensors.h"

#include <fcntl.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>

#include "core/base/error.h"
#include "core/base/json.h"

namespace tinyzero {
namespace {

constexpr std::uint64_t kMaxHeader = 100'000'000;  // bytes; the format's own limit

std::size_t dtype_size(const std::string& dtype) {
  static const std::map<std::string, std::size_t> kSizes = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2},    {"I64", 8},
                                                            {"I32", 4}, {"I16", 2}, {"I8", 1},  {"U8", 1},      {"BOOL", 1},
                                                            {"U16", 2}, {"U32", 4}, {"U64", 8}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};
  const auto found = kSizes.find(dtype);
  return found == kSizes.end() ? 0 : found->second;
}

[[noreturn]] void damaged(const fs::path& path, const std::string& what) {
  throw Error(path.string() + " is damaged: " + what, "copy or download the file again");
}

TensorInfo read_entry(const fs::path& path, const std::string& name, const Json& entry, std::size_t data_bytes, std::size_t& begin) {
  TensorInfo tensor;
  std::uint64_t end = 0;
  try {
    tensor.dtype = entry.at("dtype").get<std::string>();
    tensor.shape = entry.at("shape").get<std::vector<std::int64_t>>();
    const auto offsets = entry.at("data_offsets").get<std::vector<std::uint64_t>>();
    if (offsets.size() != 2) damaged(path, "tensor \"" + name + "\" has " + std::to_string(offsets.size()) + " offsets");
    begin = offsets[0];
    end = offsets[1];
  } catch (const Json::exception&) {
    damaged(path, "the header's entry of tensor \"" + name + "\"");
  }
  if (begin > end || end > data_bytes) {
    damaged(path,
            "tensor \"" + name + "\" ends at byte " + std::to_string(end) + " of " + std::to_string(data_bytes) + "; the file is cut");
  }
  std::size_t expected = dtype_size(tensor.dtype);
  if (expected == 0) damaged(path, "tensor \"" + name + "\" has the unknown type \"" + tensor.dtype + "\"");
  for (const std::int64_t size : tensor.shape) {
    if (size < 0 || (size > 0 && expected > (std::size_t{1} << 60) / static_cast<std::size_t>(size)))
      damaged(path, "the shape of tensor \"" + name + "\"");
    expected *= static_cast<std::size_t>(size);
  }
  tensor.bytes = end - begin;
  if (tensor.bytes != expected) {
    damaged(path, "tensor \"" + name + "\" has " + std::to_string(tensor.bytes) + " bytes, its shape needs " + std::to_string(expected));
  }
  return tensor;
}

float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16, exponent = (half >> 10) & 31u, fraction = half & 1023u;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | (fraction << 13));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
  const float value = std::ldexp(static_cast<float>(fraction), -24);
  return sign != 0 ? -value : value;
}

}  // namespace

std::int64_t TensorInfo::elements() const {
  std::int64_t n = 1;
  for (const std::int64_t size : shape) n *= size;
  return n;
}

SafetensorsFile::SafetensorsFile(const fs::path& path) : file_(path) {
  if (file_.size() < 8) damaged(path, "it has " + std::to_string(file_.size()) + " bytes, less than a header");
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file_.data(), 8);
  if (header_bytes > kMaxHeader || header_bytes > file_.size() - 8) {
    damaged(path,
            "its header claims " + std::to_string(header_bytes) + " bytes, the file has " + std::to_string(file_.size() - 8) + " after it");
  }
  const Json header = parse_json(std::string_view(file_.data() + 8, header_bytes), path.string() + " (header)");
  if (!header.is_object()) damaged(path, "its header is not a JSON object");
  const char* data = file_.data() + 8 + header_bytes;
  const std::size_t data_bytes = file_.size() - 8 - header_bytes;

  std::vector<std::pair<std::size_t, std::size_t>> spans;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      for (const auto& [key, value] : entry.items()) metadata_[key] = value.is_string() ? value.get<std::string>() : value.dump();
      continue;
    }
    std::size_t begin = 0;
    TensorInfo tensor = read_entry(path, name, entry, data_bytes, begin);
    tensor.data = data + begin;
    spans.emplace_back(begin, begin + tensor.bytes);
    tensors_[name] = std::move(tensor);
  }
  std::sort(spans.begin(), spans.end());
  std::size_t at = 0;
  for (const auto& [begin, end] : spans) {
    if (begin != at) damaged(path, "its tensors overlap or leave a hole at byte " + std::to_string(at));
    at = end;
  }
  if (at != data_bytes) damaged(path, std::to_string(data_bytes - at) + " bytes belong to no tensor");
}

void to_float(const TensorInfo& tensor, const std::string& name, float* out) {
  const auto n = static_cast<std::size_t>(tensor.elements());
  if (tensor.dtype == "F32") {
    std::memcpy(out, tensor.data, n * sizeof(float));
  } else if (tensor.dtype == "BF16" || tensor.dtype == "F16") {
    for (std::size_t i = 0; i < n; ++i) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, tensor.data + 2 * i, 2);
      out[i] = tensor.dtype == "F16" ? half_to_float(bits) : std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
    }
  } else {
    throw Error("tensor \"" + name + "\" has type " + tensor.dtype + ", which is not supported", "supported are F32, BF16 and F16");
  }
}

void write_safetensors(const fs::path& path, const std::vector<TensorView>& tensors, const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t at = 0;
  const auto bytes = [](const TensorView& tensor) {
    std::size_t n = sizeof(float);
    for (const std::int64_t size : tensor.shape) n *= static_cast<std::size_t>(size);
    return n;
  };
  for (const TensorView& tensor : tensors) {
    header[tensor.name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {at, at + bytes(tensor)}}};
    at += bytes(tensor);
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // data starts 8-byte aligned
  const std::uint64_t header_bytes = text.size();
  const FileHandle file(path, O_WRONLY | O_CREAT | O_TRUNC);
  file.write({reinterpret_cast<const char*>(&header_bytes), 8}, path);
  file.write(text, path);
  for (const TensorView& tensor : tensors) file.write({reinterpret_cast<const char*>(tensor.data), bytes(tensor)}, path);
  file.sync(path);
}

}  // namespace tinyzero
