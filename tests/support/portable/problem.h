/* What both portable tasks are: a sum whose numbers come from a hash of the draw. In the common
 * part of C and C++. */
#ifndef PORTABLE_PROBLEM_H
#define PORTABLE_PROBLEM_H

#include <stdint.h>

/* A number from 0 to 999, a function of the draw and which of its numbers it is (the mixing of
 * SplitMix64). */
static inline int portable_number(uint64_t seed, uint64_t index, uint64_t which) {
  uint64_t z = (seed * 0x9E3779B97F4A7C15u) ^ (index * 0xBF58476D1CE4E5B9u) ^
               (which + 1) * 0x94D049BB133111EBu;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return (int)((z ^ (z >> 31)) % 1000);
}

#endif
