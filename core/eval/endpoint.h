// Servers that speak OpenAI's protocol, as hosted models, vLLM, llama.cpp and Ollama do: what is
// sent, and what is understood of a reply. Not streamed: a completion is judged as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/http.h"
#include "core/base/json.h"

namespace tinyzero {

struct EndpointOptions {
  std::string url;    // as it was given: http://localhost:8080, https://api.openai.com/v1, or the
                      // full address of the requests
  std::string model;  // as the endpoint calls it
  bool chat = true;   // /chat/completions with the prompt as the user's message; else /completions
  std::string key;    // empty: none is sent. Stands in no error, note or answer.
  std::string key_name;            // of the environment variable, for hints
  std::string ca_file;             // certificates to trust in place of the system's; empty: those
  std::int64_t max_tokens = 1024;  // longest completion
  std::optional<std::int64_t>
      seed;  // a number made from it is sent with each request; none: nothing is sent
  Json extra = Json::object();           // more fields of the request; null removes one of ours
  std::int64_t concurrency = 8;          // requests at a time
  std::int64_t requests_per_minute = 0;  // at most, retries included; 0: no limit
  std::int64_t retries = 8;              // after a request that may go better later
  double timeout = 120;                  // seconds, of one request
  double max_failed =
      0.1;  // share of completions that may fail for good before the evaluation stops
};

// The address of the requests. A URL without a path gets /v1. Throws Error for what is no http(s)
// URL, and for one with a user, a query or a fragment: they may hold secrets, and the address is
// written to files.
std::string request_url(const std::string& url, bool chat);

// Whether requests to `url` stay secret on their way: over TLS, or on this machine.
bool is_private(const std::string& url);

// Throws Error, without repeating it, for a key that no header can hold.
void check_key(const std::string& key, const std::string& key_name);

// A completion that is asked for.
struct Question {
  std::size_t problem = 0;
  std::int64_t sample = 0;
  bool greedy = false;
  double temperature = 1.0;
  std::string prompt;
};

HttpRequest completion_request(const EndpointOptions& options, const Question& question);

// What a reply holds, or why it is none.
struct EndpointReply {
  enum class Kind {
    answer,   // text, end, tokens
    again,    // may go better later: 408, 409, 425, 429, 5xx, broken transfers, replies that are no
              // completion or say that one failed
    refused,  // will not go better for this prompt: another 4xx, an answer that a filter withholds
    unusable  // nothing will go better: wrong address, key or model, a redirection
  };
  Kind kind = Kind::again;
  std::string text, end = "eos";  // end: eos, length, or the server's word
  std::string remark;             // what is odd about an answer, in few words; empty: nothing
  std::optional<std::int64_t> tokens;
  std::string reason;      // in few words, the same for all of a kind: "HTTP 429"
  std::string detail;      // the server's own words, one line, cut
  double retry_after = 0;  // seconds
};
EndpointReply read_reply(const EndpointOptions& options, HttpReply reply);

// Remarks on answers without text.
inline constexpr const char* kOnlyReasoning = "text only in the reasoning";
inline constexpr const char* kOnlyToolCalls = "tool calls in place of text";

// Words of a server for a person: one line, cut, without the key.
std::string server_words(std::string text, const std::string& key);
std::string without_key(std::string text, const std::string& key);

// Seconds to wait before try number `attempt` (from 2): doubling from half a second to 30, of which
// the second half is random, a function of (problem, sample, attempt).
double backoff_seconds(const Question& question, std::int64_t attempt);

}  // namespace tinyzero
