// The kernels for machines with vectors, written once over a vector type and a word type
// (vector/contract.h). avx2.cpp, avx512.cpp and their bf16 siblings define these before they
// include this file:
//   V           the vector type
//   Words       the word type of the table
//   kTileRows   rows of a product's tile: its 2 kTileRows sums stay in registers
//   kName       name of the table
//
// Everything is in an anonymous namespace, and no function of the standard library is used: the
// linker must not merge code compiled for AVX-512 with code that other machines run.
#pragma once

#include "core/kernels/vector/decode_attention.h"
#include "core/kernels/vector/distribution.h"
#include "core/kernels/vector/products.h"
#include "core/kernels/vector/rows.h"
#include "core/kernels/vector/training_attention.h"
#include "core/kernels/vector/words.h"

namespace {

constexpr tinyzero::Kernels kTable{.name = kName,
                                   .lanes = kLanes,
                                   .numbers_per_word = Words::kNumbersPerWord,
                                   .panel = kPanel,
                                   .multiply_adds = multiply_adds,
                                   .read = read,
                                   .to_words = to_words,
                                   .columns_to_words = columns_to_words,
                                   .packed_size = packed_size,
                                   .pack = pack,
                                   .matmul = matmul,
                                   .rms_norm = rms_norm,
                                   .rms_norm_backward = rms_norm_backward,
                                   .swiglu = swiglu,
                                   .swiglu_backward = swiglu_backward,
                                   .rope = rope,
                                   .store_key = store_key,
                                   .store_value = store_value,
                                   .attend_scratch = attend_scratch,
                                   .attend = attend,
                                   .attention_scratch = attention_scratch,
                                   .attention = attention,
                                   .attention_backward = attention_backward,
                                   .exponentials = exponentials,
                                   .distribution = distribution,
                                   .logit_gradient = logit_gradient};

}  // namespace
