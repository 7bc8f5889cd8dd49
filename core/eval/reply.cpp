// What a server's reply says.

#include <algorithm>

#include "core/eval/endpoint.h"
#include "core/eval/finish_reason.h"

namespace tinyzero {
namespace {

using Kind = EndpointReply::Kind;

constexpr const char* kNoCompletion = "reply without a completion";

const Json* field(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_field(const Json& object, const char* name) {
  const Json* found = field(object, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

// {"error": {"message"}}, {"error": "…"}, {"message"} or {"detail"} of an object; "" if there is
// none of these.
std::string error_words(const Json& json) {
  const Json* error = field(json, "error");
  for (const Json* place : {error != nullptr ? field(*error, "message") : nullptr, error,
                            field(json, "message"), field(json, "detail")}) {
    if (place != nullptr) return place->is_string() ? place->get<std::string>() : json_line(*place);
  }
  return "";
}

// Whether a member "error" says that something failed: null, false, 0 and what is empty do not.
bool has_error(const Json& object) {
  const Json* error = field(object, "error");
  if (error == nullptr || *error == Json(false) || *error == Json(0) || *error == Json(""))
    return false;
  return !(error->is_structured() && error->empty());
}

// What a message says.
struct Said {
  bool known = false;      // whether there is a text, be it empty
  std::string text;        // what is judged
  bool reasoning = false;  // there is text that is marked as reasoning
};

// A part of a message in pieces: texts and refusals are what it says, "thinking" is reasoning.
void read_part(const Json& part, Said& said) {
  if (part.is_string()) said.text += part.get<std::string>();
  const std::string type = text_field(part, "type");
  const bool thinks =
      type.find("think") != std::string::npos || type.find("reason") != std::string::npos;
  said.reasoning = said.reasoning || thinks;
  if (thinks) return;
  for (const char* name : {"text", "refusal"}) said.text += text_field(part, name);
}

// `holder`: a message of a chat, or a choice. `content`: where its text is.
Said read_said(const Json& holder, const char* content) {
  Said said;
  const Json* found = field(holder, content);
  if (found != nullptr && found->is_string()) said.text = found->get<std::string>();
  if (found != nullptr && found->is_array()) {
    for (const Json& part : *found) read_part(part, said);
  }
  said.known = found != nullptr && (found->is_string() || found->is_array());
  const std::string refusal = text_field(holder, "refusal");
  if (said.text.empty() && !refusal.empty()) said = {true, refusal, said.reasoning};
  for (const char* name : {"reasoning_content", "reasoning", "reasoning_text", "thinking"})
    said.reasoning = said.reasoning || !text_field(holder, name).empty();
  return said;
}

bool calls_tools(const Json& holder) {
  const Json* calls = field(holder, "tool_calls");
  return (calls != nullptr && calls->is_array() && !calls->empty()) ||
         field(holder, "function_call") != nullptr;
}

// What is odd about an answer, in few words; "" if nothing is.
std::string remark_of(const Said& said, Finish finish, const std::string& word, bool tools) {
  if (said.text.empty() && said.reasoning) return kOnlyReasoning;
  if (said.text.empty() && (tools || finish == Finish::called_tool)) return kOnlyToolCalls;
  if (finish == Finish::unknown) return "ended with the unknown word \"" + word + "\"";
  return "";
}

void fail(EndpointReply& out, Kind kind, std::string reason, std::string detail) {
  out.kind = kind;
  out.reason = std::move(reason);
  out.detail = std::move(detail);
}

void read_usage(const Json& json, EndpointReply& out) {
  constexpr std::int64_t kMost = 1'000'000'000;
  const Json* usage = field(json, "usage");
  const Json* tokens = usage != nullptr ? field(*usage, "completion_tokens") : nullptr;
  if (tokens != nullptr && tokens->is_number_integer() && *tokens >= 0 && *tokens <= kMost)
    out.tokens = tokens->get<std::int64_t>();
}

// The completion in the reply's object, or why there is none. What failed is never an answer, not
// even in part.
void read_completion(const Json& json, bool chat, EndpointReply& out) {
  if (has_error(json)) return fail(out, Kind::again, "error in the reply", error_words(json));
  const Json* choices = field(json, "choices");
  if (choices == nullptr || !choices->is_array() || choices->empty())
    return fail(out, Kind::again, kNoCompletion, error_words(json));
  const Json& choice = choices->front();
  if (has_error(choice)) return fail(out, Kind::again, "error in the reply", error_words(choice));
  const Json* given = field(choice, "finish_reason");
  const std::string word = text_field(choice, "finish_reason");
  const Finish finish = finish_of(word);
  const std::string reason = "finish_reason " + word;
  if (finish == Finish::failed) return fail(out, Kind::again, reason, "");
  if (finish == Finish::withheld) return fail(out, Kind::refused, reason, "");
  const Json* holder = chat ? field(choice, "message") : &choice;
  if (holder == nullptr || !holder->is_object()) return fail(out, Kind::again, kNoCompletion, "");
  const char* content = chat ? "content" : "text";
  const Said said = read_said(*holder, content);
  const bool tools = calls_tools(*holder);
  const bool empty = field(*holder, content) == nullptr;  // all went into reasoning or calls
  if (!said.known && !(empty && (given != nullptr || said.reasoning || tools)))
    return fail(out, Kind::again, kNoCompletion, "");
  out.kind = Kind::answer;
  out.text = said.text;
  out.remark = remark_of(said, finish, word, tools);
  if (finish == Finish::cut) out.end = "length";
  else if (finish != Finish::ended) out.end = word;
  read_usage(json, out);
}

Kind kind_of_status(long status) {
  if (status == 401 || status == 403 || status == 404 || status == 405 ||
      (status >= 300 && status < 400))
    return Kind::unusable;
  const bool again = status == 408 || status == 409 || status == 425 || status == 429;
  return status >= 400 && status < 500 && !again ? Kind::refused : Kind::again;
}

const char* fault_words(HttpFault fault) {
  switch (fault) {
    case HttpFault::resolve: return "host not found";
    case HttpFault::connect: return "no connection";
    case HttpFault::tls: return "no trusted connection";
    case HttpFault::timeout: return "timeout";
    case HttpFault::too_large: return "reply too long";
    default: return "broken reply";
  }
}

bool is_stream(const std::string& body) {
  return body.starts_with("data:") || body.starts_with("event:") || body.starts_with(": ");
}

void read_body(const EndpointOptions& options, const HttpReply& reply, EndpointReply& out) {
  const std::optional<Json> json = json_if_valid(reply.body);
  if (reply.status < 200 || reply.status >= 300) {
    const std::string words = json ? error_words(*json) : reply.body;
    fail(out, kind_of_status(reply.status), "HTTP " + std::to_string(reply.status),
         reply.location.empty() ? words : "go to " + reply.location);
  } else if (!json) {
    fail(out, Kind::again,
         is_stream(reply.body) ? "a stream, which was not asked for" : "reply that is not JSON",
         reply.body);
  } else {
    read_completion(*json, options.chat, out);
  }
}

}  // namespace

EndpointReply read_reply(const EndpointOptions& options, HttpReply reply) {
  EndpointReply out;
  out.retry_after = reply.retry_after;
  if (reply.fault != HttpFault::none) fail(out, Kind::again, fault_words(reply.fault), reply.error);
  else read_body(options, reply, out);
  out.text = without_key(std::move(out.text), options.key);
  for (std::string* words : {&out.end, &out.remark, &out.reason, &out.detail})
    *words = server_words(std::move(*words), options.key);
  return out;
}

}  // namespace tinyzero
