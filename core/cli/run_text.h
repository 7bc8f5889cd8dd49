// What a run's records look like as lines: of `train`, which writes them, and of `watch`, which
// reads them.
#pragma once

#include <string>

#include "core/base/json.h"

namespace tinyzero {

// Both from lines of metrics.jsonl: of an evaluation, and of the step before it (null: none).
std::string evaluation_text(const Json& record, const Json& last_step);

// A line for every few steps, where there is no live line.
std::string step_text(const Json& record);

// The live line of a step of RL, or of the warm start, of `steps`, in at most `columns` columns:
// where they do not suffice the least important numbers are left out, then the bar. Below 0 seconds
// left: not known yet.
std::string live_text(const Json& record, std::int64_t steps, double seconds_left,
                      std::size_t columns);

// A problem, what a model answered and the verdict, in one line of at most `columns` columns if
// there is any room for the answer.
std::string sample_text(const std::string& problem, const std::string& completion,
                        const std::string& verdict, std::size_t columns);

// `text` and `word` at the right end of `columns` columns, or right behind it if they do not
// suffice.
std::string with_word(const std::string& text, const std::string& word, std::size_t columns);

}  // namespace tinyzero
