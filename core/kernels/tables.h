// The tables of kernels.h, one per translation unit. Only dispatch.cpp and tests name them.
#pragma once

#include "core/kernels/kernels.h"

namespace tinyzero {

const Kernels& scalar_kernels();
const Kernels& scalar_bf16_kernels();

// In x86/, for x86-64 only.
const Kernels& avx2_kernels();         // needs AVX2 and FMA
const Kernels& avx2_bf16_kernels();    // the same; bf16 products in two f32 steps: right, not fast
const Kernels& avx512_kernels();       // needs AVX-512 F, BW, VL and DQ
const Kernels& avx512_bf16_kernels();  // and AVX-512 BF16

}  // namespace tinyzero
