// The table for AVX-512 F, BW, VL and DQ, f32.

#include "core/kernels/x86/avx512.h"

#include "core/kernels/tables.h"

namespace {

constexpr const char* kName = "avx512";
struct F32;  // in vector/words.h
using Words = F32;

}  // namespace

#include "core/kernels/vector/table.h"

const tinyzero::Kernels& tinyzero::avx512_kernels() { return kTable; }
