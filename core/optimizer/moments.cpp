#include "core/optimizer/moments.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/optimizer/pieces.h"
#include "core/optimizer/rounding.h"

namespace tinyzero {
namespace {

static_assert(kRandomBlock == kCodeBlock && kPiece % kCodeBlock == 0);
constexpr std::int64_t kSmall = 4096;  // numbers below which a tensor stays f32 in int8

const DynamicCode& signed_code() {
  static const DynamicCode code(true);
  return code;
}
const DynamicCode& unsigned_code() {
  static const DynamicCode code(false);
  return code;
}

TensorInfo info_of(const char* dtype, const void* data, std::size_t count, std::size_t size) {
  return {dtype, {static_cast<std::int64_t>(count)}, static_cast<const char*>(data), count * size};
}

std::int64_t blocks_of(std::int64_t numbers) { return (numbers + kCodeBlock - 1) / kCodeBlock; }

}  // namespace

MomentType moment_type_from_name(const std::string& name) {
  if (name == "f32") return MomentType::f32;
  if (name == "bf16") return MomentType::bf16;
  if (name == "int8") return MomentType::int8;
  throw Error("no type of optimizer state \"" + name + "\"", "use f32, bf16 or int8");
}

std::int64_t moment_bytes(MomentType type, const std::vector<std::int64_t>& tensors) {
  constexpr std::int64_t kFloat = sizeof(float);
  std::int64_t bytes = 0;  // of one moment
  for (const std::int64_t size : tensors) {
    if (type == MomentType::f32) bytes += size * kFloat;
    else if (type == MomentType::bf16) bytes += size * 2;
    else bytes += size + kFloat * (size < kSmall ? size : blocks_of(size));
  }
  return 2 * bytes;
}

Moments::Moments(MomentType type, std::int64_t size, std::vector<WeightSpan> tensors)
    : type_(type), size_(size) {
  std::sort(tensors.begin(), tensors.end(),
            [](const WeightSpan& a, const WeightSpan& b) { return a.offset < b.offset; });
  std::int64_t small = 0, blocks = 0;
  for (const WeightSpan& span : tensors) {
    StoredTensor stored{.span = span};
    if (type == MomentType::f32) {
      stored.f32 = span.offset;
    } else if (type == MomentType::int8 && span.size < kSmall) {
      stored.f32 = small;
      small += span.size;
    } else if (type == MomentType::int8) {
      stored.scale = blocks;
      blocks += blocks_of(span.size);
    }
    stored_.push_back(stored);
  }
  for (Array* array : {&first_, &second_}) {
    array->f32 = FloatBuffer(type == MomentType::f32 ? size : small);
    if (type == MomentType::bf16) array->bf16.resize(size);
    if (type != MomentType::int8) continue;
    array->codes.resize(size);
    array->scales.resize(blocks);
  }
  clear();
}

void Moments::clear() {
  for (Array* array : {&first_, &second_}) {
    std::fill_n(array->f32.data(), array->f32.size(), 0.0f);
    std::fill(array->bf16.begin(), array->bf16.end(), std::uint16_t{0});
    std::fill(array->scales.begin(), array->scales.end(), 0.0f);
    const DynamicCode& code = array == &first_ ? signed_code() : unsigned_code();
    std::fill(array->codes.begin(), array->codes.end(), static_cast<std::uint8_t>(code.zero()));
  }
}

const Moments::StoredTensor& Moments::stored(const WeightSpan& tensor) const {
  return *std::lower_bound(stored_.begin(), stored_.end(), tensor,
                           [](const StoredTensor& stored, const WeightSpan& span) {
                             return stored.span.offset < span.offset;
                           });
}

void Moments::load(const Array& array, const DynamicCode& code, const Block& block,
                   float* out) const {
  const auto& [tensor, at, n] = block;
  const std::int64_t i = tensor.span.offset + at;
  if (tensor.f32 >= 0) {
    std::copy_n(array.f32.data() + tensor.f32 + at, n, out);
  } else if (type_ == MomentType::bf16) {
    for (std::int64_t k = 0; k < n; ++k) out[k] = from_bf16(array.bf16[i + k]);
  } else {
    code.decode(array.codes.data() + i, array.scales[tensor.scale + at / kCodeBlock], n, out);
  }
}

void Moments::store(Array& array, const DynamicCode& code, const Block& block, const float* in,
                    const RandomBits& random) {
  const auto& [tensor, at, n] = block;
  const std::int64_t i = tensor.span.offset + at;
  if (tensor.f32 >= 0) {
    std::copy_n(in, n, array.f32.data() + tensor.f32 + at);
  } else if (type_ == MomentType::bf16) {
    std::uint16_t* out = array.bf16.data() + i;
    for (std::int64_t k = 0; k < n; ++k)
      out[k] = round_to_bf16(in[k], random.words[k] >> random.shift);
  } else {
    array.scales[tensor.scale + at / kCodeBlock] = code.encode(in, n, array.codes.data() + i);
  }
}

void Moments::step_block(const Block& block, const AdamStep& step, const float* gradient,
                         float* weights) {
  float m[kCodeBlock], v[kCodeBlock];
  load(first_, signed_code(), block, m);
  load(second_, unsigned_code(), block, v);
  const float rest1 = 1.0f - step.beta1, rest2 = 1.0f - step.beta2, inverse_root = 1.0f / step.root;
  for (std::int64_t i = 0; i < block.n; ++i) {
    const float g = gradient[i];
    m[i] = step.beta1 * m[i] + rest1 * g;
    v[i] = step.beta2 * v[i] + rest2 * (g * g);
    weights[i] =
        step.shrink * weights[i] - step.rate * (m[i] / (std::sqrt(v[i]) * inverse_root + step.eps));
  }
  if (type_ == MomentType::bf16) {
    const RandomWords random(step.key, block.tensor.span.offset + block.at, block.n);
    store(first_, signed_code(), block, m, {random.data(), 0});
    store(second_, unsigned_code(), block, v, {random.data(), 16});
  } else {
    store(first_, signed_code(), block, m, {});
    store(second_, unsigned_code(), block, v, {});
  }
}

void Moments::adamw(const WeightSpan& tensor, const AdamStep& step, const float* gradient,
                    float* weights, std::int64_t threads) {
  const StoredTensor& to = stored(tensor);
  in_pieces(tensor.size, threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; at += kCodeBlock)
      step_block({to, at, std::min(kCodeBlock, end - at)}, step, gradient + at, weights + at);
  });
}

void Moments::read_first(const WeightSpan& tensor, float* out) const {
  const StoredTensor& from = stored(tensor);
  for (std::int64_t at = 0; at < tensor.size; at += kCodeBlock)
    load(first_, signed_code(), {from, at, std::min(kCodeBlock, tensor.size - at)}, out + at);
}

void Moments::write_first(const WeightSpan& tensor, const float* in, std::uint64_t key) {
  const StoredTensor& to = stored(tensor);
  for (std::int64_t at = 0; at < tensor.size; at += kCodeBlock) {
    const std::int64_t n = std::min(kCodeBlock, tensor.size - at);
    const RandomWords random(key, tensor.offset + at, type_ == MomentType::bf16 ? n : 0);
    store(first_, signed_code(), {to, at, n}, in + at, {random.data(), 0});
  }
}

std::map<std::string, TensorInfo> Moments::tensors() const {
  std::map<std::string, TensorInfo> out;
  for (const auto& [name, array] :
       {std::pair<std::string, const Array&>("first_moment", first_), {"second_moment", second_}}) {
    const TensorInfo f32 = info_of("F32", array.f32.data(), array.f32.size(), sizeof(float));
    if (type_ == MomentType::f32) out[name] = f32;
    if (type_ == MomentType::bf16)
      out[name] = info_of("BF16", array.bf16.data(), array.bf16.size(), sizeof(std::uint16_t));
    if (type_ != MomentType::int8) continue;
    out[name] = info_of("U8", array.codes.data(), array.codes.size(), 1);
    out[name + "_scale"] = info_of("F32", array.scales.data(), array.scales.size(), sizeof(float));
    out[name + "_small"] = f32;
  }
  return out;
}

void Moments::restore(const SafetensorsFile& file) {
  const auto own = tensors();
  for (const auto& [name, mine] : own) {
    const auto found = file.tensors().find(name);
    const bool has = found != file.tensors().end();
    const bool fits = has && found->second.dtype == mine.dtype && found->second.shape == mine.shape;
    if (!fits || file.tensors().size() != own.size())
      throw Error(file.path().string() + " holds " + name +
                      (has ? " as " + found->second.dtype : " not at all") +
                      ", where train.optimizer_state needs it as " + mine.dtype + " for " +
                      std::to_string(mine.shape[0]) + " numbers",
                  "continue with the optimizer state and model that the run began with");
    // A view of this object, which is not const here.
    if (mine.bytes > 0) std::memcpy(const_cast<char*>(mine.data), found->second.data, mine.bytes);
  }
}

}  // namespace tinyzero
