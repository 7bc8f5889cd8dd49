// The table for AVX2 with FMA, f32.

#include "core/kernels/x86/avx2.h"

#include "core/kernels/tables.h"

namespace {

constexpr const char* kName = "avx2";
struct F32;  // in vector/words.h
using Words = F32;

}  // namespace

#include "core/kernels/vector/table.h"

const tinyzero::Kernels& tinyzero::avx2_kernels() { return kTable; }
