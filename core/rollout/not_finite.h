// How an engine reports logits that are not numbers.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/error.h"

namespace tinyzero {

// A logit is NaN or plus infinity, or all are minus infinity. A single logit of minus infinity is
// fine: it forbids a token.
class NotFinite : public Error {
 public:
  using Error::Error;
};

// Throws NotFinite for the logits from which a token of a completion was to be drawn. All arguments
// count from 0; the message counts from 1.
[[noreturn]] void fail_drawing(std::int64_t prompt, std::int64_t sample, std::int64_t token);
// Throws NotFinite for the logits that score a token of a sequence.
[[noreturn]] void fail_scoring(std::size_t sequence, std::size_t token);

}  // namespace tinyzero
