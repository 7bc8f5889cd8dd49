// Number types of stored weights (f32, bf16 and f16), and conversions between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tinyzero {

enum class Dtype { f32, bf16, f16 };

// Bytes of one number.
std::size_t bytes_of(Dtype dtype);

// Names of a type: "f32"; "F32" in a safetensors file; "float32" in a config.json.
std::string name_of(Dtype dtype);
std::string safetensors_name(Dtype dtype);
std::string torch_name(Dtype dtype);

// The type named "f32", "bf16" or "f16". Throws Error for other names.
Dtype dtype_from_name(const std::string& name);

// Converts n numbers from or to an array, which need not be aligned. Reading is exact; writing
// rounds to nearest, ties to even. Numbers beyond f16's largest become infinite, as IEEE 754
// demands; NaN stays NaN.
void to_float(Dtype from, const char* in, std::size_t n, float* out);
void from_float(Dtype to, const float* in, std::size_t n, char* out);

// Index of the first of n numbers that is NaN or infinite; n if all are finite.
std::size_t first_not_finite(Dtype dtype, const char* in, std::size_t n);

}  // namespace tinyzero
