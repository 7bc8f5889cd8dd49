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

bool says_something(const Json* value) {
  if (value == nullptr || *value == Json(false) || *value == Json(0) || *value == Json(""))
    return false;
  return !(value->is_structured() && value->empty());
}

// Whether an object says that something failed: in an "error", where null, false, 0 and what is
// empty are none, or by the words of a status.
bool has_error(const Json& object) {
  if (says_something(field(object, "error")) || says_something(field(object, "errors")))
    return true;
  for (const char* name : {"status", "native_finish_reason"}) {
    if (finish_of(text_field(object, name)) == Finish::failed) return true;
  }
  return false;
}

// What a message says.
struct Said {
  bool known = false;      // whether there is a text, be it empty
  std::string text;        // what is judged
  bool reasoning = false;  // there is text that is marked as reasoning
  bool strange = false;    // a part whose text is not where texts are
};

// A part of a message in pieces: texts and refusals are what it says, "thinking" is reasoning.
void read_part(const Json& part, Said& said) {
  if (part.is_string()) said.text += part.get<std::string>();
  const std::string type = text_field(part, "type");
  const bool thinks =
      type.find("think") != std::string::npos || type.find("reason") != std::string::npos;
  said.reasoning = said.reasoning || thinks;
  if (thinks) return;
  bool found = false;
  for (const char* name : {"text", "output_text", "refusal"}) {
    const Json* text = field(part, name);
    if (text != nullptr && text->is_object()) text = field(*text, "value");
    if (text == nullptr || !text->is_string()) continue;
    said.text += text->get<std::string>();
    found = true;
  }
  said.strange = said.strange || (!found && type.find("text") != std::string::npos);
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

// `holder`: a message of a chat, or a choice. `content`: where its text is.
Said read_said(const Json& holder, const char* content) {
  Said said;
  const Json* found = field(holder, content);
  if (found != nullptr && found->is_string()) said.text = found->get<std::string>();
  if (found != nullptr && found->is_array()) {
    for (const Json& part : *found) read_part(part, said);
  }
  said.known = found != nullptr && (found->is_string() || found->is_array()) && !said.strange;
  const std::string refusal = text_field(holder, "refusal");
  if (said.text.empty() && !refusal.empty()) said = {true, refusal, said.reasoning};
  for (const char* name : {"reasoning_content", "reasoning", "reasoning_text", "reasoning_details",
                           "thinking", "thinking_content", "thoughts"})
    said.reasoning = said.reasoning || says_something(field(holder, name));
  return said;
}

bool calls_tools(const Json& holder) {
  const Json* calls = field(holder, "tool_calls");
  return (calls != nullptr && calls->is_array() && !calls->empty()) ||
         field(holder, "function_call") != nullptr;
}

// What is odd about an answer, in few words; "" if nothing is.
std::string remark_of(const Said& said, Finish finish, const std::string& word, bool tools) {
  if (is_blank(said.text) && said.reasoning) return kOnlyReasoning;
  if (is_blank(said.text) && (tools || finish == Finish::called_tool)) return kOnlyToolCalls;
  if (finish == Finish::unknown) return "ended with the unknown word \"" + word + "\"";
  return "";
}

// The word of a finish_reason: a text, or {"type": …} as SGLang has it. Anything else is a failure,
// as the word "invalid" is.
std::string finish_word(const Json* given) {
  if (given == nullptr) return "";
  if (given->is_string()) return given->get<std::string>();
  const std::string type = text_field(*given, "type");
  return type.empty() ? "invalid: " + json_line(*given) : type;
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
  const std::string word = finish_word(given);
  const Finish finish = finish_of(word);
  const std::string reason = "finish_reason " + word;
  if (finish == Finish::failed) return fail(out, Kind::again, reason, "");
  if (finish == Finish::withheld) return fail(out, Kind::refused, reason, "");
  const Json* holder = chat ? field(choice, "message") : &choice;
  if (holder == nullptr || !holder->is_object()) return fail(out, Kind::again, kNoCompletion, "");
  if (has_error(*holder)) return fail(out, Kind::again, "error in the reply", error_words(*holder));
  const char* content = chat ? "content" : "text";
  const Said said = read_said(*holder, content);
  const bool tools = calls_tools(*holder);
  const bool empty = field(*holder, content) == nullptr;  // all went into reasoning or calls
  const bool ended_empty = given != nullptr && holder->contains(content);
  if (!said.known && !(empty && (ended_empty || said.reasoning || tools)))
    return fail(out, Kind::again,
                said.strange ? "reply with parts of an unknown kind" : kNoCompletion, "");
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
