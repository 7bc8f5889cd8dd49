// What the vector kernels ask of a machine: a vector type and a word type, as concepts.
//
// Names in this folder:
//   V           the vector type: a few floats in one register
//   W           a word type; Words is the one of this table, F32 that of f32 products
//   M, H        rows of a product and query heads that are computed together
//   word        32 bits of a product's inner dimension: one f32, or two neighbouring bf16
#pragma once

#include <concepts>

#include "core/kernels/kernels.h"

namespace {

// Loads and stores take any address. `n` may be more lanes than there are, which means all.
template <class V>
concept Vector = requires(V a, V& changed, V (&square)[V::kLanes], const V& same, float number,
                          const float* from, float* to, std::int64_t n) {
  { V::kLanes } -> std::convertible_to<std::int64_t>;
  { V::zero() } -> std::same_as<V>;
  { V::set1(number) } -> std::same_as<V>;  // all lanes
  { V::load(from) } -> std::same_as<V>;
  { V::load_n(from, n) } -> std::same_as<V>;  // the first n lanes; the others are 0, and not read
  { same.store(to) } -> std::same_as<void>;
  { same.store_n(to, n) } -> std::same_as<void>;  // the first n lanes
  { same.sum() } -> std::same_as<float>;          // of all lanes
  { same.maximum() } -> std::same_as<float>;
  { a + a } -> std::same_as<V>;
  { a - a } -> std::same_as<V>;
  { a* a } -> std::same_as<V>;
  { a / a } -> std::same_as<V>;
  { fma(a, a, a) } -> std::same_as<V>;  // fma(a, b, c) = a b + c, rounded once
  { min(a, a) } -> std::same_as<V>;
  { max(a, a) } -> std::same_as<V>;
  { round(a) } -> std::same_as<V>;  // to the nearest integer, ties to even
  { exp2i(a) } -> std::same_as<V>;  // 2 to a power that is an integer
  // select_below(i, n, a, b): lane j of a where i + j < n, else of b; nothing of a if n <= i.
  { select_below(n, n, a, a) } -> std::same_as<V>;
  // As many vectors as there are lanes: lane j of vector i and lane i of vector j change places.
  { transpose(square) } -> std::same_as<void>;
  // The compiler must assume that the lanes have changed: for loops that only keep a machine busy.
  { hide_from_compiler(changed) } -> std::same_as<void>;
};

// A vector of words has the same lanes as one of floats. The first number of a word is in its low
// half.
template <class W, class V>
concept WordType = requires(V a, const float* from, std::int64_t n) {
  { W::kNumbersPerWord } -> std::convertible_to<std::int64_t>;
  // multiply_add(a, b, c) = c + the product of a's and b's numbers, summed by word; c is f32.
  { W::multiply_add(a, a, a) } -> std::same_as<V>;
  // The first n numbers, or as many as the words of a vector hold; the others are 0, and not read.
  { W::load_n(from, n) } -> std::same_as<V>;
  { W::pair(a, a) } -> std::same_as<V>;    // words of a's number and b's number, lane by lane
  { W::second(a, a) } -> std::same_as<V>;  // second(w, b): the words w with b as second numbers
};

}  // namespace
