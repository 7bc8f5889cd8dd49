// The numbers of matrices, keys and values on a device: f32, or bf16 as 16 bits. Arithmetic is f32.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__CUDACC__)
#define TINYZERO_DEVICE __device__
#else
#define TINYZERO_DEVICE
#endif

namespace tinyzero {

struct Bf16 {
  std::uint16_t bits;
};

TINYZERO_DEVICE inline float widen(float x) { return x; }

TINYZERO_DEVICE inline float widen(Bf16 x) {
  const std::uint32_t bits = static_cast<std::uint32_t>(x.bits) << 16;
  float out;
  memcpy(&out, &bits, sizeof out);
  return out;
}

TINYZERO_DEVICE inline void narrow(float x, float& out) { out = x; }

// To nearest, ties to even; NaN stays NaN.
TINYZERO_DEVICE inline void narrow(float x, Bf16& out) {
  std::uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) bits |= 0x00400000u;
  else bits += 0x7FFFu + (bits >> 16 & 1u);
  out.bits = static_cast<std::uint16_t>(bits >> 16);
}

// Copies 16 bytes between addresses that are aligned to 16 bytes.
TINYZERO_DEVICE inline void copy16(void* to, const void* from) {
#if defined(__CUDACC__)
  *static_cast<uint4*>(to) = *static_cast<const uint4*>(from);
#else
  std::memcpy(to, from, 16);
#endif
}

}  // namespace tinyzero
