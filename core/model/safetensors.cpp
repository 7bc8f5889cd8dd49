#include "core/model/safetensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/lfs_pointer.h"

namespace tinyzero {
namespace {

constexpr std::uint64_t kMaxHeader = 100'000'000;             // bytes; the format's own limit
constexpr std::uint64_t kMaxTensor = std::uint64_t{1} << 60;  // bytes, and numbers along an axis

std::size_t dtype_size(const std::string& dtype) {
  static const std::map<std::string, std::size_t> kSizes = {
      {"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2},    {"I64", 8},
      {"I32", 4}, {"I16", 2}, {"I8", 1},  {"U8", 1},      {"BOOL", 1},
      {"U16", 2}, {"U32", 4}, {"U64", 8}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};
  const auto found = kSizes.find(dtype);
  return found == kSizes.end() ? 0 : found->second;
}

[[noreturn]] void damaged(const fs::path& path, const std::string& what) {
  throw Error(path.string() + " is damaged: " + what, "copy or download the file again");
}

// Bytes of a tensor by its type and shape.
std::size_t bytes_of_shape(const fs::path& path, const std::string& name,
                           const TensorInfo& tensor) {
  std::size_t bytes = dtype_size(tensor.dtype);
  if (bytes == 0)
    damaged(path, "tensor \"" + name + "\" has the unknown type \"" + tensor.dtype + "\"");
  for (const std::size_t size : tensor.shape) {
    if (size > 0 && bytes > kMaxTensor / size)
      damaged(path, "the shape of tensor \"" + name + "\"");
    bytes *= size;
  }
  return bytes;
}

// Checks an entry against the bytes that follow the header.
void check_entry(const fs::path& path, const std::string& name, TensorInfo& tensor,
                 const std::vector<std::uint64_t>& offsets, std::size_t data_bytes) {
  if (offsets.size() != 2)
    damaged(path, "tensor \"" + name + "\" has " + std::to_string(offsets.size()) + " offsets");
  if (offsets[0] > offsets[1] || offsets[1] > data_bytes) {
    damaged(path, "tensor \"" + name + "\" ends at byte " + std::to_string(offsets[1]) + " of " +
                      std::to_string(data_bytes) + "; the file is cut");
  }
  const std::size_t expected = bytes_of_shape(path, name, tensor);
  tensor.bytes = offsets[1] - offsets[0];
  if (tensor.bytes != expected) {
    damaged(path, "tensor \"" + name + "\" has " + std::to_string(tensor.bytes) +
                      " bytes, its shape needs " + std::to_string(expected));
  }
}

// Receives the header while it is parsed: {"name": {"dtype": "F32", "shape": [2, 3],
// "data_offsets": [0, 24]}, "__metadata__": {"key": "text"}}. Nothing else is stored, so no header
// takes much more memory than its own size.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderReader(const fs::path& path, std::string_view header, std::string_view data,
               std::map<std::string, TensorInfo>& tensors,
               std::map<std::string, std::string>& metadata)
      : path_(path), header_(header), data_(data), tensors_(tensors), metadata_(metadata) {}

  // First and last offset of each tensor.
  const std::vector<std::pair<std::size_t, std::size_t>>& spans() const { return spans_; }

  bool start_object(std::size_t) override {
    if (list_ != nullptr || depth_ > 1) wrong();
    if (++depth_ == 2) {
      tensor_ = {};
      offsets_.clear();
      seen_.clear();
    }
    return true;
  }
  bool end_object() override {
    if (--depth_ == 1 && !in_metadata()) finish();
    return true;
  }
  bool key(std::string& text) override {
    if (depth_ == 1) {
      if (tensors_.contains(text) || (text == kMetadata && had_metadata_))
        damaged(path_, "its header names \"" + text + "\" twice");
      had_metadata_ = had_metadata_ || text == kMetadata;
      name_ = text;
    } else if (!in_metadata() && std::find(seen_.begin(), seen_.end(), text) != seen_.end()) {
      wrong();
    } else if (!in_metadata() && text != "dtype" && text != "shape" && text != "data_offsets") {
      wrong();
    } else if (!in_metadata()) {
      seen_.push_back(text);
    }
    field_ = text;
    return true;
  }
  bool string(std::string& text) override {
    if (depth_ != 2) wrong();
    if (in_metadata()) metadata_[field_] = text;
    else if (field_ == "dtype" && list_ == nullptr) tensor_.dtype = text;
    else wrong();
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ != 2 || list_ != nullptr || in_metadata()) wrong();
    if (field_ == "shape") list_ = "shape";
    else if (field_ == "data_offsets") list_ = "data_offsets";
    else wrong();
    return true;
  }
  bool end_array() override {
    list_ = nullptr;
    return true;
  }
  bool number_unsigned(std::uint64_t value) override {
    if (list_ == nullptr || tensor_.shape.size() >= kMaxRank || offsets_.size() > 2) wrong();
    if (field_ == "data_offsets") offsets_.push_back(value);
    else if (value > kMaxTensor) damaged(path_, "the shape of tensor \"" + name_ + "\"");
    else tensor_.shape.push_back(value);
    return true;
  }
  bool number_integer(std::int64_t) override { wrong(); }  // a negative one
  bool number_float(double, const std::string&) override { wrong(); }
  bool boolean(bool) override { wrong(); }
  bool null() override { wrong(); }
  bool binary(nlohmann::json::binary_t&) override { wrong(); }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    throw Error(path_.string() + " (header) is not valid JSON: " + json_fault(header_, position),
                "copy or download the file again");
  }

 private:
  static constexpr const char* kMetadata = "__metadata__";
  static constexpr std::size_t kMaxRank = 16;

  bool in_metadata() const { return depth_ >= 1 && name_ == kMetadata; }
  [[noreturn]] void wrong() const {
    if (depth_ == 0) damaged(path_, "its header is not a JSON object");
    damaged(path_, "the header's entry of tensor \"" + name_ + "\"");
  }
  void finish() {
    if (seen_.size() != 3) wrong();
    check_entry(path_, name_, tensor_, offsets_, data_.size());
    tensor_.data = data_.data() + offsets_[0];
    spans_.emplace_back(offsets_[0], offsets_[1]);
    tensors_[name_] = std::move(tensor_);
  }

  const fs::path& path_;
  std::string_view header_;
  std::string_view data_;
  std::map<std::string, TensorInfo>& tensors_;
  std::map<std::string, std::string>& metadata_;
  std::vector<std::pair<std::size_t, std::size_t>> spans_;
  int depth_ = 0;
  bool had_metadata_ = false;
  std::string name_;            // the tensor's, or __metadata__
  std::string field_;           // the field of that entry
  const char* list_ = nullptr;  // the list being read
  TensorInfo tensor_;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::string> seen_;
};

std::int64_t product(const std::vector<std::int64_t>& shape) {
  std::int64_t n = 1;
  for (const std::int64_t size : shape) n *= size;
  return n;
}

// Tensors must follow each other without overlaps or holes.
void check_spans(const fs::path& path, std::vector<std::pair<std::size_t, std::size_t>> spans,
                 std::size_t data_bytes) {
  std::sort(spans.begin(), spans.end());
  std::size_t at = 0;
  for (const auto& [begin, end] : spans) {
    if (begin != at)
      damaged(path, "its tensors overlap or leave a hole at byte " + std::to_string(at));
    at = end;
  }
  if (at != data_bytes)
    damaged(path, std::to_string(data_bytes - at) + " bytes belong to no tensor");
}

// Throws Error if a number of the tensor is NaN or infinite.
void refuse_not_finite(const fs::path& file, const TensorInfo& tensor, const std::string& name,
                       Dtype dtype) {
  const std::size_t n = tensor.elements();
  const std::size_t found = first_not_finite(dtype, tensor.data, n);
  if (found == n) return;
  float value = 0;
  to_float(dtype, tensor.data + found * bytes_of(dtype), 1, &value);
  fail_not_finite(file, name, tensor.shape, found, value);
}

}  // namespace

std::int64_t TensorInfo::elements() const { return product(shape); }

SafetensorsFile::SafetensorsFile(const fs::path& path) : path_(path), file_(path) {
  refuse_lfs_pointer({file_.data(), file_.size()}, path.string());
  if (file_.size() < 8)
    damaged(path, "it has " + std::to_string(file_.size()) + " bytes, less than a header");
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file_.data(), 8);
  if (header_bytes > kMaxHeader || header_bytes > file_.size() - 8) {
    damaged(path, "its header claims " + std::to_string(header_bytes) + " bytes, the file has " +
                      std::to_string(file_.size() - 8) + " after it");
  }
  const std::string_view header(file_.data() + 8, header_bytes);
  const std::string_view data =
      std::string_view(file_.data(), file_.size()).substr(8 + header_bytes);
  HeaderReader reader(path, header, data, tensors_, metadata_);
  nlohmann::json::sax_parse(header, &reader);
  check_spans(path, reader.spans(), data.size());
}

bool holds_reals(const TensorInfo& tensor) {
  return tensor.dtype == "F32" || tensor.dtype == "BF16" || tensor.dtype == "F16";
}

Dtype dtype_of(const TensorInfo& tensor, const std::string& name) {
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16}) {
    if (tensor.dtype == safetensors_name(dtype)) return dtype;
  }
  throw Error("tensor \"" + name + "\" has type " + tensor.dtype + ", which is not supported",
              "supported are F32, BF16 and F16");
}

std::string not_finite_text(const std::vector<std::int64_t>& shape, std::int64_t index,
                            float value) {
  std::string at;
  for (auto size = shape.rbegin(); size != shape.rend(); ++size) {
    at = std::to_string(index % *size) + (at.empty() ? "" : ", ") + at;
    index /= *size;
  }
  return (std::isnan(value) ? "NaN at [" : "an infinite number at [") + at + "]";
}

void fail_not_finite(const fs::path& file, const std::string& name,
                     const std::vector<std::int64_t>& shape, std::int64_t index, float value) {
  throw Error(file.string() + ": tensor \"" + name + "\" holds " +
                  not_finite_text(shape, index, value) + ", so the model cannot compute anything",
              "the file is damaged, or its export or training overflowed: copy or download it "
              "again, or use another checkpoint");
}

void to_float(const fs::path& file, const TensorInfo& tensor, const std::string& name, float* out) {
  const Dtype dtype = dtype_of(tensor, name);
  refuse_not_finite(file, tensor, name, dtype);
  to_float(dtype, tensor.data, tensor.elements(), out);
}

void check_finite(const SafetensorsFile& file) {
  for (const auto& [name, tensor] : file.tensors()) {
    if (holds_reals(tensor)) refuse_not_finite(file.path(), tensor, name, dtype_of(tensor, name));
  }
}

std::int64_t TensorView::elements() const { return product(shape); }

}  // namespace tinyzero
