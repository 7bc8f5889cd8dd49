#include "core/optimizer/rounding.h"

#include "core/optimizer/pieces.h"

namespace tinyzero {

static_assert(kPiece % kRandomBlock == 0);

void round_all_to_bf16(float* x, std::int64_t first, std::int64_t last, std::uint64_t key,
                       std::int64_t threads) {
  in_pieces(last - first, threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = first + begin; at < first + end; at += kRandomBlock) {
      const std::int64_t stop = std::min(at + kRandomBlock, first + end);
      const RandomWords random(key, at / 2, (stop + 1) / 2 - at / 2);
      for (std::int64_t i = at; i < stop; ++i) {
        const std::uint32_t word = random.data()[i / 2 - at / 2];
        x[i] = from_bf16(round_to_bf16(x[i], i % 2 == 0 ? word : word >> 16));
      }
    }
  });
}

}  // namespace tinyzero
