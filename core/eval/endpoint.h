// Servers that speak OpenAI's protocol, such as hosted models, vLLM, llama.cpp and Ollama: their
// requests and replies. Replies are not streamed, since a completion is judged as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/http.h"
#include "core/base/json.h"

namespace tinyzero {

struct EndpointOptions {
  // As given: http://localhost:8080, https://api.openai.com/v1, or the full address of requests.
  std::string url;
  std::string model;  // the endpoint's name for it
  bool chat = true;   // /chat/completions with the prompt as the user's message; else /completions
  std::string key;    // never part of an error, note or answer; empty: none is sent
  std::string key_name;            // environment variable that held the key, for hints
  std::string ca_file;             // trusted certificates; empty: the system's
  std::int64_t max_tokens = 1024;  // longest completion
  // Each request gets a number made from it; none: no seed is sent.
  std::optional<std::int64_t> seed;
  Json extra = Json::object();           // more fields of the request; null removes one of ours
  std::int64_t concurrency = 8;          // requests at a time
  std::int64_t requests_per_minute = 0;  // limit, retries included; 0: none
  std::int64_t retries = 8;              // after a request that may succeed later
  double timeout = 120;                  // seconds for one request
  // Share of completions that may fail for good before the evaluation stops.
  double max_failed = 0.1;
};

// The address of requests. A URL without a path gets /v1. Throws Error for anything but an http(s)
// URL, and for a URL with a user, a query or a fragment: these may hold secrets, and the address is
// written to files.
std::string request_url(const std::string& url, bool chat);

// Whether nobody on the way can read requests to `url`: TLS, or this machine.
bool is_private(const std::string& url);

// Throws Error, without repeating it, for a key that no header can hold.
void check_key(const std::string& key, const std::string& key_name);

// A request for one completion.
struct Question {
  std::size_t problem = 0;
  std::int64_t sample = 0;
  bool greedy = false;
  double temperature = 1.0;
  std::string prompt;
};

HttpRequest completion_request(const EndpointOptions& options, const Question& question);

// The content of a reply, or why it has none.
struct EndpointReply {
  enum class Kind {
    answer,   // text, end, tokens
    again,    // may succeed later: 408, 409, 425, 429, 5xx, broken transfers, replies that hold no
              // completion or report a failure
    refused,  // will not succeed for this prompt: another 4xx, an answer that a filter withholds
    unusable  // no request will succeed: wrong address, key or model, a redirection
  };
  Kind kind = Kind::again;
  std::string text;
  std::string end = "eos";  // eos, length, or the server's own word
  std::string remark;       // oddity of the answer; empty: none
  std::optional<std::int64_t> tokens;
  std::string reason;      // short, the same for all replies of a kind: "HTTP 429"
  std::string detail;      // the server's message, one line, shortened
  double retry_after = 0;  // seconds
};
EndpointReply read_reply(const EndpointOptions& options, HttpReply reply);

// Remarks on answers without text.
inline constexpr const char* kOnlyReasoning = "text only in the reasoning";
inline constexpr const char* kOnlyToolCalls = "tool calls in place of text";

// A server's message for a person: one line, shortened, without the key.
std::string server_words(std::string text, const std::string& key);
std::string without_key(std::string text, const std::string& key);

// Seconds to wait before try number `attempt` (from 2). The delay doubles from half a second to 30;
// its second half is random, a function of (problem, sample, attempt).
double backoff_seconds(const Question& question, std::int64_t attempt);

}  // namespace tinyzero
