#include "core/optimizer/rounding.h"

#include "core/optimizer/pieces.h"

namespace tinyzero {

static_assert(kPiece % kRandomBlock == 0);

void round_all_to_bf16(float* x, std::int64_t n, std::uint64_t key, std::int64_t threads) {
  in_pieces(n, threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; at += kRandomBlock) {
      const std::int64_t count = std::min(kRandomBlock, end - at);
      const RandomWords random(key, at / 2, (count + 1) / 2);  // `at` is even
      for (std::int64_t i = 0; i < count; ++i) {
        const std::uint32_t word = random.data()[i / 2];
        x[at + i] = from_bf16(round_to_bf16(x[at + i], i % 2 == 0 ? word : word >> 16));
      }
    }
  });
}

}  // namespace tinyzero
