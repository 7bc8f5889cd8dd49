// What an engine says where the model gives no numbers.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/error.h"

namespace tinyzero {

// A logit is NaN or infinite. One of minus infinity is none of these, as long as others are finite:
// it forbids a token.
class NotFinite : public Error {
 public:
  using Error::Error;
};

// Throw NotFinite: the logits of token `token` of a completion, all counted from 0; and those that
// score token `token` of a sequence.
[[noreturn]] void fail_drawing(std::int64_t prompt, std::int64_t sample, std::int64_t token);
[[noreturn]] void fail_scoring(std::size_t sequence, std::size_t token);

}  // namespace tinyzero
