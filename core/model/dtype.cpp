#include "core/model/dtype.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/error.h"

namespace tinyzero {
namespace {

std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const bool nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
  const std::uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
  return static_cast<std::uint16_t>(nan ? (bits >> 16) | 0x40u : rounded);
}

float from_f16(std::uint16_t half) {
  // Exponents in f32's bits: of f16's infinity, and of 2^-14.
  constexpr std::uint32_t kInfinite = 0x0F800000u;
  constexpr std::uint32_t kSmallestNormal = 113u << 23;
  const std::uint32_t bits = (half & 0x7FFFu) << 13;
  const std::uint32_t exponent = bits & kInfinite;
  // The exponent's bias grows by 112, and by another 112 for infinity and NaN. A subnormal becomes
  // 2^-14 (1 + fraction), minus 2^-14.
  const std::uint32_t normal = bits + (112u << 23) + (exponent == kInfinite ? 112u << 23 : 0u);
  const float subnormal =
      std::bit_cast<float>(bits + kSmallestNormal) - std::bit_cast<float>(kSmallestNormal);
  const std::uint32_t magnitude = exponent == 0 ? std::bit_cast<std::uint32_t>(subnormal) : normal;
  return std::bit_cast<float>(magnitude | (half & 0x8000u) << 16);
}

std::uint16_t to_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  std::uint32_t half = 0;
  if (magnitude > 0x7F800000u) {
    half = 0x7E00u;  // NaN
  } else if (magnitude >= 0x477FF000u) {
    half = 0x7C00u;  // infinite from the midpoint of 65504 and 65536
  } else if (magnitude < 0x38800000u) {
    // The last bit of the sum is 2^-24, like f16's.
    half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3F000000u;
  } else {
    half = (magnitude - (112u << 23) + 0x0FFFu + ((magnitude >> 13) & 1u)) >> 13;
  }
  return static_cast<std::uint16_t>(sign | half);
}

// A number is NaN or infinite if all bits of its exponent are set.
constexpr std::uint32_t kExponent = 0x7F800000u;
constexpr std::uint16_t kBf16Exponent = 0x7F80u;
constexpr std::uint16_t kF16Exponent = 0x7C00u;

// Has no branch in the loop, so that the compiler vectorizes it.
template <class Bits>
bool all_finite(const char* in, std::size_t n, Bits exponent) {
  Bits found = 0;
  for (std::size_t i = 0; i < n; ++i) {
    Bits bits = 0;
    std::memcpy(&bits, in + i * sizeof(Bits), sizeof(Bits));
    found = static_cast<Bits>(found | ((bits & exponent) == exponent ? 1 : 0));
  }
  return found == 0;
}

template <class Bits>
std::size_t first_of(const char* in, std::size_t n, Bits exponent) {
  constexpr std::size_t kBlock = 4096;
  for (std::size_t at = 0; at < n; at += kBlock) {
    const std::size_t count = std::min(kBlock, n - at);
    if (all_finite(in + at * sizeof(Bits), count, exponent)) continue;
    while (all_finite(in + at * sizeof(Bits), 1, exponent)) ++at;
    return at;
  }
  return n;
}

}  // namespace

std::size_t bytes_of(Dtype dtype) { return dtype == Dtype::f32 ? 4 : 2; }
std::string name_of(Dtype dtype) {
  return dtype == Dtype::f32 ? "f32" : dtype == Dtype::bf16 ? "bf16" : "f16";
}

std::string safetensors_name(Dtype dtype) {
  return dtype == Dtype::f32 ? "F32" : dtype == Dtype::bf16 ? "BF16" : "F16";
}
std::string torch_name(Dtype dtype) {
  return dtype == Dtype::f32 ? "float32" : dtype == Dtype::bf16 ? "bfloat16" : "float16";
}

Dtype dtype_from_name(const std::string& name) {
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16}) {
    if (name == name_of(dtype)) return dtype;
  }
  throw Error("no type of weights \"" + name + "\"", "use f32, bf16 or f16");
}

void to_float(Dtype from, const char* in, std::size_t n, float* out) {
  if (from == Dtype::f32) {
    std::memcpy(out, in, n * sizeof(float));
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, in + 2 * i, 2);
    out[i] = from == Dtype::f16 ? from_f16(bits)
                                : std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  }
}

void from_float(Dtype to, const float* in, std::size_t n, char* out) {
  if (to == Dtype::f32) {
    std::memcpy(out, in, n * sizeof(float));
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint16_t bits = to == Dtype::f16 ? to_f16(in[i]) : to_bf16(in[i]);
    std::memcpy(out + 2 * i, &bits, 2);
  }
}

std::size_t first_not_finite(Dtype dtype, const char* in, std::size_t n) {
  if (dtype == Dtype::f32) return first_of(in, n, kExponent);
  return first_of(in, n, dtype == Dtype::bf16 ? kBf16Exponent : kF16Exponent);
}

}  // namespace tinyzero
