// The words by which servers say why a completion ended.
//
// There is no common list: OpenAI has stop, length, content_filter and tool_calls; Mistral adds
// model_length and error, DeepSeek insufficient_system_resource, GLM sensitive and network_error,
// vLLM abort, Gemini MAX_TOKENS, SAFETY, OTHER and more. A word is told by its parts, whatever its
// case.
#pragma once

#include <string>

namespace tinyzero {

enum class Finish {
  ended,        // the model ended it: stop, end_turn …
  cut,          // at a limit of tokens: length, MAX_TOKENS …
  failed,       // what computes it failed: error, abort …; no answer, and worth asking again
  withheld,     // a filter took it away: content_filter, SAFETY …; no answer
  called_tool,  // the model called a tool, or a server took its text for a call
  unknown
};

Finish finish_of(const std::string& word);

}  // namespace tinyzero
