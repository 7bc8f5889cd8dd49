// The tables of kernels.h, one a translation unit. Only dispatch.cpp and the tests name them.
#pragma once

#include "core/kernels/kernels.h"

namespace tinyzero {

const Kernels& scalar_kernels();
const Kernels& avx2_kernels();    // needs AVX2 and FMA
const Kernels& avx512_kernels();  // needs AVX-512 F, BW, VL and DQ

}  // namespace tinyzero
