// Counter-based randomness: the same numbers on every machine, with every compiler, in every order
// of calls.
//
// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) is a keyed
// bijection: number t of a stream is philox(counter = t, key), so nothing is carried from draw to
// draw and nothing is shared between threads. A stream's key comes from a seed and the names of
// what is drawn (purpose, step, item, sample), each mixed in by Philox itself, never by addition:
// the streams of neighbouring seeds have nothing in common. No <random>: its distributions differ
// between standard libraries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>

#if defined(__CUDACC__)
#define TINYZERO_HOST_DEVICE __host__ __device__
#else
#define TINYZERO_HOST_DEVICE
#endif

namespace tinyzero {

struct Philox {
  std::uint32_t word[4];
};

// Philox4x32-10: 128 random bits for a 128-bit counter under a 64-bit key.
TINYZERO_HOST_DEVICE inline Philox philox(std::uint64_t counter_low, std::uint64_t counter_high,
                                          std::uint64_t key) {
  std::uint32_t c0 = static_cast<std::uint32_t>(counter_low);
  std::uint32_t c1 = static_cast<std::uint32_t>(counter_low >> 32);
  std::uint32_t c2 = static_cast<std::uint32_t>(counter_high);
  std::uint32_t c3 = static_cast<std::uint32_t>(counter_high >> 32);
  std::uint32_t k0 = static_cast<std::uint32_t>(key);
  std::uint32_t k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c0;
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c2;
    const std::uint32_t next0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    const std::uint32_t next2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<std::uint32_t>(p1);
    c3 = static_cast<std::uint32_t>(p0);
    c0 = next0;
    c2 = next2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

// Number `index` of the stream `key`, uniform in [0, 1) with 53 bits.
TINYZERO_HOST_DEVICE inline double uniform_at(std::uint64_t key, std::uint64_t index) {
  const Philox bits = philox(index, 0, key);
  const std::uint64_t word = (std::uint64_t{bits.word[1]} << 32) | bits.word[0];
  return static_cast<double>(word >> 11) * 0x1.0p-53;
}

// The key of the stream named by `names` under `seed`.
inline std::uint64_t stream_key(std::uint64_t seed, std::initializer_list<std::uint64_t> names) {
  std::uint64_t key = seed;
  std::uint64_t position = 1;
  for (const std::uint64_t name : names) {
    const Philox bits = philox(name, position++, key);
    key = (std::uint64_t{bits.word[1]} << 32) | bits.word[0];
  }
  return key;
}

// A stream read from its start.
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::initializer_list<std::uint64_t> names = {})
      : key_(stream_key(seed, names)) {}

  // 64 random bits.
  std::uint64_t next() {
    const Philox bits = philox(index_++, 0, key_);
    return (std::uint64_t{bits.word[1]} << 32) | bits.word[0];
  }

  // Uniform in [0, 1).
  double uniform() { return uniform_at(key_, index_++); }

  // Uniform in 0 … n-1, without bias; n >= 1.
  std::uint64_t below(std::uint64_t n) {
    // 2^64 mod n: without rejection, the lowest values would be drawn too often.
    const std::uint64_t rejected = (0 - n) % n;
    std::uint64_t value = next();
    while (value < rejected) value = next();
    return value % n;
  }

  // Uniform in low … high, both included; low <= high.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }

  // True with probability p.
  bool chance(double p) { return uniform() < p; }

  // Puts the elements of a random-access container into a random order (Fisher-Yates).
  template <class Container>
  void shuffle(Container& elements) {
    for (std::size_t i = elements.size(); i > 1; --i) {
      using std::swap;
      swap(elements[i - 1], elements[below(i)]);
    }
  }

 private:
  std::uint64_t key_;
  std::uint64_t index_ = 0;
};

}  // namespace tinyzero
