// Types of numbers that weights have in files: f32, bf16 and f16, and the way between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tinyzero {

enum class Dtype { f32, bf16, f16 };

// Bytes of one number.
std::size_t bytes_of(Dtype dtype);

// "f32"; and as other programs call it: "F32" in a safetensors file, "float32" in a config.json.
std::string name_of(Dtype dtype);
std::string safetensors_name(Dtype dtype);
std::string torch_name(Dtype dtype);

// The type of the name "f32", "bf16" or "f16"; throws Error for others.
Dtype dtype_from_name(const std::string& name);

// n numbers from or to an array of them that need not be aligned. Exact on the way in; rounded to
// nearest, ties to even, on the way out. What is beyond f16's largest number becomes infinite, as
// IEEE 754 has it; NaN stays NaN.
void to_float(Dtype from, const char* in, std::size_t n, float* out);
void from_float(Dtype to, const float* in, std::size_t n, char* out);

// Index of the first of n numbers that is NaN or infinite; n if all are finite.
std::size_t first_not_finite(Dtype dtype, const char* in, std::size_t n);

}  // namespace tinyzero
