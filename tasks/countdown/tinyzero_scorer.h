// TinyZero's Countdown score: what its Python scorer pays, quirks included, without its hangs and
// without running code.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tinyzero::countdown {

enum class TinyZeroScore { no_answer, format, correct };

// `framing` names the prompt around the problem, which TinyZero's scorer searches together with the
// completion: "base" ("Assistant:" precedes the completion), "qwen" (the ChatML marker precedes it)
// or "other" (no marker: every answer scores 0).
TinyZeroScore tinyzero_score(std::string_view completion, const std::vector<std::int64_t>& numbers,
                             std::int64_t target, const std::string& framing);

}  // namespace tinyzero::countdown
