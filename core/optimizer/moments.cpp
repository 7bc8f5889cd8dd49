#include "core/optimizer/moments.h"

#include <algorithm>
#include <cmath>

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

Moments::Moments(MomentType type, std::vector<WeightSpan> tensors, const WeightSpan& range)
    : type_(type), tensors_(std::move(tensors)), range_(range) {
  std::ranges::sort(tensors_, {}, &WeightSpan::offset);
  for (const WeightSpan& tensor : tensors_) {
    // In the range; nothing where the range begins inside of the tensor.
    const Counts before = counts_of({range.offset, tensor.offset - range.offset});
    StoredTensor stored{.span = range.common(tensor), .scale = before.scales};
    if (stored.span.size == 0) continue;
    if (type == MomentType::f32) stored.f32 = stored.span.offset - range.offset;
    else if (is_small(tensor)) stored.f32 = before.small;
    stored_.push_back(stored);
  }
  const Counts own = counts_of(range);
  for (Array* array : {&first_, &second_}) {
    array->f32 = FloatBuffer(type == MomentType::f32 ? own.numbers : own.small);
    if (type == MomentType::bf16) array->bf16.resize(own.numbers);
    if (type != MomentType::int8) continue;
    array->codes.resize(own.numbers);
    array->scales.resize(own.scales);
  }
  clear();
}

bool Moments::is_small(const WeightSpan& tensor) const {
  return type_ == MomentType::int8 && tensor.size < kSmall;
}

Moments::Counts Moments::counts_of(const WeightSpan& range) const {
  Counts counts{.numbers = range.size};
  if (type_ != MomentType::int8) return counts;
  for (const WeightSpan& tensor : tensors_) {
    const std::int64_t common = range.common(tensor).size;
    if (is_small(tensor)) counts.small += common;
    else counts.scales += blocks_of(common);
  }
  return counts;
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
  return *std::ranges::lower_bound(stored_, tensor.offset, {},
                                   [](const StoredTensor& s) { return s.span.offset; });
}

void Moments::load(const Array& array, const DynamicCode& code, const Block& block,
                   float* out) const {
  const auto& [tensor, at, n] = block;
  const std::int64_t i = tensor.span.offset - range_.offset + at;
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
  const std::int64_t i = tensor.span.offset - range_.offset + at;
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

std::map<std::string, Moments::Saved> Moments::saved() const {
  std::map<std::string, Saved> out;
  for (const auto& [name, array] :
       {std::pair<std::string, const Array&>("first_moment", first_), {"second_moment", second_}}) {
    if (type_ == MomentType::f32) out[name] = {"F32", 4, &Counts::numbers, array.f32.data()};
    if (type_ == MomentType::bf16) out[name] = {"BF16", 2, &Counts::numbers, array.bf16.data()};
    if (type_ != MomentType::int8) continue;
    out[name] = {"U8", 1, &Counts::numbers, array.codes.data()};
    out[name + "_scale"] = {"F32", 4, &Counts::scales, array.scales.data()};
    out[name + "_small"] = {"F32", 4, &Counts::small, array.f32.data()};
  }
  return out;
}

std::map<std::string, TensorInfo> Moments::tensors() const {
  const WeightSpan all{0, tensors_.empty() ? 0 : tensors_.back().end()};
  const Counts counts = counts_of(all);
  std::map<std::string, TensorInfo> out;
  for (const auto& [name, tensor] : saved()) {
    const std::int64_t count = counts.*tensor.count;
    out[name] = {.dtype = tensor.dtype,
                 .shape = {count},
                 .bytes = static_cast<std::size_t>(count * tensor.bytes_of_number)};
  }
  return out;
}

std::int64_t Moments::bytes_of(const std::string& name, const WeightSpan& range) const {
  const Saved tensor = saved().at(name);
  return counts_of(range).*tensor.count * tensor.bytes_of_number;
}

std::string_view Moments::own_bytes(const std::string& name) const {
  const auto bytes = static_cast<std::size_t>(bytes_of(name, range_));
  return {static_cast<const char*>(saved().at(name).own), bytes};
}

void Moments::restore(const SafetensorsFile& file) {
  const auto whole = tensors();
  for (const auto& [name, mine] : whole) {
    const auto found = file.tensors().find(name);
    const bool has = found != file.tensors().end();
    const bool fits = has && found->second.dtype == mine.dtype && found->second.shape == mine.shape;
    if (!fits || file.tensors().size() != whole.size())
      throw Error(file.path().string() + " holds " + name +
                      (has ? " as " + found->second.dtype : " not at all") +
                      ", where train.optimizer_state needs it as " + mine.dtype + " for " +
                      std::to_string(mine.shape[0]) + " numbers",
                  "continue with the optimizer state and model that the run began with");
    const std::string_view own = own_bytes(name);
    // A view of this object, which is not const here.
    std::copy_n(found->second.data + bytes_of(name, {0, range_.offset}), own.size(),
                const_cast<char*>(own.data()));
  }
}

}  // namespace tinyzero
