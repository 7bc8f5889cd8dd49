#include "core/rollout/not_finite.h"

namespace tinyzero {
namespace {

constexpr const char* kWhat = "the model's logits are not finite (NaN or infinite) at ";
constexpr const char* kHint =
    "its weights are numbers, but so large that what it computes overflows: take another "
    "checkpoint, or precision f32";

}  // namespace

void fail_drawing(std::int64_t prompt, std::int64_t sample, std::int64_t token) {
  throw NotFinite(kWhat + ("token " + std::to_string(token + 1)) + " of the completion of prompt " +
                      std::to_string(prompt + 1) + ", sample " + std::to_string(sample + 1),
                  kHint);
}

void fail_scoring(std::size_t sequence, std::size_t token) {
  throw NotFinite(kWhat + ("token " + std::to_string(token + 1)) + " of sequence " +
                      std::to_string(sequence + 1),
                  kHint);
}

}  // namespace tinyzero
