#include "core/eval/finish_reason.h"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/eval/finish_reason");

TEST_CASE("why a completion ended, in the words of many servers") {
  const std::pair<Finish, std::vector<const char*>> kinds[] = {
      {Finish::ended,
       {"", "stop", "STOP", "eos", "eos_token", "end_turn", "stop_sequence", "FINISH_REASON_STOP",
        "completed", "endOfText"}},
      {Finish::cut,
       {"length", "LENGTH", "model_length", "max_tokens", "MAX_TOKENS", "maxTokens", "Max-Tokens",
        "max_output_tokens", "max_new_tokens", "max_completion_tokens", "token_limit", "limit",
        "FINISH_REASON_MAX_TOKENS", "model_context_window_exceeded", "context_length_exceeded",
        "ERROR_LIMIT", "truncated", "incomplete"}},
      {Finish::failed,
       {"error",
        "ERROR",
        "abort",
        "aborted",
        "cancelled",
        "insufficient_system_resource",
        "network_error",
        "timeout",
        "time_limit",
        "server_error",
        "failed",
        "model_overloaded",
        "engine_error",
        "interrupted",
        "preempted",
        "rate_limit_exceeded",
        "quota_exceeded",
        "too_many_requests",
        "throttled",
        "OOM",
        "out_of_memory",
        "kv_cache_full",
        "deadline_exceeded",
        "connection_lost",
        "bad_gateway",
        "MALFORMED_RESPONSE",
        "in_progress",
        "queued",
        "invalid_request",
        "OTHER"}},
      {Finish::withheld,
       {"content_filter", "contentFiltered", "SAFETY", "RECITATION", "BLOCKLIST", "sensitive",
        "refusal", "PROHIBITED_CONTENT", "guardrail_intervened", "SPII"}},
      {Finish::called_tool,
       {"tool_calls", "tool_use", "function_call", "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL"}},
      {Finish::unknown, {"banana", "FINISH_REASON_UNSPECIFIED", "load"}}};
  for (const auto& [finish, words] : kinds) {
    for (const char* word : words) {
      CAPTURE(word);
      CHECK(finish_of(word) == finish);
    }
  }
}
