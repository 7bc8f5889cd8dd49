#include "core/eval/finish_reason.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace tinyzero {
namespace {

using Words = std::initializer_list<std::string_view>;

// Lower case without what separates words: "Max-Tokens" and "maxTokens" are "maxtokens".
std::string plain(const std::string& word) {
  std::string out;
  for (const char c : word) {
    if (c >= 'A' && c <= 'Z') out += static_cast<char>(c - 'A' + 'a');
    else if (c != '_' && c != '-' && c != ' ' && c != '.') out += c;
  }
  return out;
}

bool is_any(const std::string& word, Words words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool holds_any(const std::string& word, Words parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return word.find(part) != std::string::npos; });
}

}  // namespace

Finish finish_of(const std::string& text) {
  std::string word = plain(text);
  for (const std::string_view start : {"finishreason", "stopreason"}) {
    if (word.starts_with(start)) word.erase(0, start.size());
  }
  if (is_any(word,
             {"",         "stop",      "stopped", "stopsequence", "stopword",  "stoptoken", "eos",
              "eostoken", "eot",       "endturn", "endoftext",    "endofturn", "end",       "ended",
              "complete", "completed", "done",    "finish",       "finished",  "success"}))
    return Finish::ended;
  if (holds_any(word, {"toolcall", "tooluse", "functioncall"})) return Finish::called_tool;
  if (is_any(word, {"errorlimit"})) return Finish::cut;  // Cohere's word for a full context
  const bool of_tokens = holds_any(word, {"token", "length", "context", "output"});
  if (holds_any(word, {"error",     "abort",    "cancel",      "timeout",  "timedout",  "timelimit",
                       "fail",      "resource", "unavailable", "overload", "interrupt", "exception",
                       "crash",     "preempt",  "disconnect",  "evict",    "shutdown",  "kill",
                       "ratelimit", "quota",    "budget",      "toomany",  "throttl",   "busy",
                       "capacity",  "memory",   "cachefull",   "deadline", "expired",   "lost",
                       "closed",    "down",     "gateway",     "restart",  "internal",  "progress",
                       "queued",    "pending",  "dropped",     "reject",   "malformed", "invalid",
                       "unexpected"}) ||
      (word.find("exceed") != std::string::npos && !of_tokens) || is_any(word, {"oom", "other"}))
    return Finish::failed;
  if (holds_any(word, {"filter", "safety", "sensitive", "refus", "recitation", "blocklist", "block",
                       "prohibited", "spii", "guardrail", "moderat", "policy", "language"}))
    return Finish::withheld;
  if (holds_any(word,
                {"length", "maxtok", "maxnewtok", "maxoutput", "maxcompletion", "tokenlimit",
                 "tokenslimit", "outputlimit", "limitreached", "contextwindow", "contextlimit",
                 "contextexceed", "tokenexceed", "tokensexceed", "truncat", "incomplete"}) ||
      is_any(word, {"limit", "max", "cut"}))
    return Finish::cut;
  return Finish::unknown;
}

}  // namespace tinyzero
