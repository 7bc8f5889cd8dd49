#include "core/eval/endpoint.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "tinyzero/ascii.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

constexpr std::size_t kShortestSecret = 8;   // shorter keys ("EMPTY", "none") are placeholders, and words of ordinary text
constexpr std::size_t kLongestDetail = 240;  // bytes of a server's words

struct UrlParts {
  std::string scheme, host, path;  // host with its port
};

UrlParts split_url(const std::string& url) {
  const auto refuse = [&](const std::string& why, const std::string& hint) { throw Error("--endpoint " + why, hint); };
  const std::size_t colon = url.find("://");
  UrlParts parts;
  if (colon != std::string::npos) parts.scheme = url.substr(0, colon);
  std::transform(parts.scheme.begin(), parts.scheme.end(), parts.scheme.begin(), ascii_lower);
  if (parts.scheme != "http" && parts.scheme != "https")
    refuse("needs an address that begins with http:// or https://", "for example http://localhost:8080/v1");
  const std::size_t slash = url.find('/', colon + 3);
  parts.host = url.substr(colon + 3, slash == std::string::npos ? std::string::npos : slash - colon - 3);
  if (slash != std::string::npos) parts.path = url.substr(slash);
  if (parts.host.find('@') != std::string::npos)
    refuse("holds a user or password, and the address is written to files", "give keys in the environment, see --key-env");
  if ((parts.host + parts.path).find_first_of("?#") != std::string::npos)
    refuse("holds a query, which may be secret, and the address is written to files", "give the address without what follows ? or #");
  const auto is_bad = [](unsigned char c) { return c <= 0x20 || c >= 0x7F; };
  if (parts.host.empty() || std::any_of(url.begin(), url.end(), is_bad))
    refuse("\"" + url + "\" is not an address", "for example http://localhost:8080/v1");
  while (parts.path.ends_with('/')) parts.path.pop_back();
  return parts;
}

std::string without_key(std::string text, const std::string& key) {
  if (key.size() < kShortestSecret) return text;
  for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at)) text.replace(at, key.size(), "***");
  return text;
}

}  // namespace

std::string server_words(std::string text, const std::string& key) {
  text = without_key(std::move(text), key);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  if (text.size() <= kLongestDetail) return text;
  std::size_t end = kLongestDetail;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

namespace {

const Json* field(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

// {"error": {"message"}}, {"error": "…"}, {"message"} or {"detail"} of an object; "" if there is none of these.
std::string error_words(const Json& json) {
  const Json* error = field(json, "error");
  for (const Json* place : {error != nullptr ? field(*error, "message") : nullptr, error, field(json, "message"), field(json, "detail")}) {
    if (place != nullptr) return place->is_string() ? place->get<std::string>() : json_line(*place);
  }
  return "";
}

// The text of a message: a string, or parts of which those of type "text" count. Nothing if it is neither.
std::optional<std::string> content_text(const Json& content) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) return std::nullopt;
  std::string text;
  for (const Json& part : content) {
    const Json* words = field(part, "text");
    if (words != nullptr && words->is_string()) text += words->get<std::string>();
  }
  return text;
}

// The completion in the reply's object; what is missing is said in `reason`.
void read_completion(const Json& json, bool chat, EndpointReply& out) {
  const Json* choices = field(json, "choices");
  if (choices == nullptr || !choices->is_array() || choices->empty()) {
    out.reason = "reply without a completion";
    out.detail = error_words(json);
    return;
  }
  const Json& choice = choices->front();
  const Json* finish = field(choice, "finish_reason");
  const Json* holder = chat ? field(choice, "message") : &choice;
  const Json* content = holder != nullptr ? field(*holder, chat ? "content" : "text") : nullptr;
  std::optional<std::string> text;
  if (content != nullptr) text = content_text(*content);
  else if (holder != nullptr && finish != nullptr) text = "";  // all tokens went into hidden reasoning, or the answer was withheld
  if (!text) {
    out.reason = "reply without a completion";
    return;
  }
  out.kind = EndpointReply::Kind::answer;
  out.text = *text;
  if (finish != nullptr && finish->is_string() && *finish != "stop") out.end = finish->get<std::string>();
  const Json* usage = field(json, "usage");
  const Json* tokens = usage != nullptr ? field(*usage, "completion_tokens") : nullptr;
  constexpr std::int64_t kMost = 1'000'000'000;
  if (tokens != nullptr && tokens->is_number_integer() && *tokens >= 0 && *tokens <= kMost) out.tokens = tokens->get<std::int64_t>();
}

EndpointReply::Kind kind_of_status(long status) {
  using Kind = EndpointReply::Kind;
  if (status == 401 || status == 403 || status == 404 || status == 405 || (status >= 300 && status < 400)) return Kind::unusable;
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

}  // namespace

std::string request_url(const std::string& url, bool chat) {
  UrlParts parts = split_url(url);
  const std::string call = chat ? "/chat/completions" : "/completions";
  if (parts.path.ends_with("/completions")) {
    if (parts.path.ends_with("/chat/completions") != chat)
      throw Error("--endpoint ends in " + std::string(chat ? "/completions" : "/chat/completions") + ", which this evaluation does not ask",
                  chat ? "add --completions, or leave the ending away" : "leave --completions or the ending away");
    return parts.scheme + "://" + parts.host + parts.path;
  }
  if (parts.path.empty()) parts.path = "/v1";
  return parts.scheme + "://" + parts.host + parts.path + call;
}

bool is_private(const std::string& url) {
  const UrlParts parts = split_url(url);
  if (parts.scheme == "https" || parts.host.starts_with("[::1]")) return true;
  const std::string host = parts.host.substr(0, parts.host.find(':'));
  return host == "localhost" || (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

void check_key(const std::string& key, const std::string& key_name) {
  const auto is_bad = [](unsigned char c) { return c <= 0x20 || c >= 0x7F; };
  if (std::any_of(key.begin(), key.end(), is_bad))
    throw Error("the key in " + key_name + " holds a blank, a line end or another character that no header may hold",
                "set the variable to the key alone");
}

HttpRequest completion_request(const EndpointOptions& options, const Question& question) {
  Json body = {{"model", options.model}};
  if (options.chat) body["messages"] = Json::array({{{"role", "user"}, {"content", question.prompt}}});
  else body["prompt"] = question.prompt;
  body["max_tokens"] = options.max_tokens;
  body["temperature"] = question.temperature;
  if (options.seed) {
    body["seed"] = stream_key(static_cast<std::uint64_t>(*options.seed), {question.problem, static_cast<std::uint64_t>(question.sample)}) %
                   (std::uint64_t{1} << 31);
  }
  for (const auto& [name, value] : options.extra.items()) {
    if (value.is_null()) body.erase(name);
    else body[name] = value;
  }
  HttpRequest request;
  request.url = request_url(options.url, options.chat);
  request.ca_file = options.ca_file;
  request.headers = {"Content-Type: application/json", "Accept: application/json"};
  if (!options.key.empty()) request.headers.push_back("Authorization: Bearer " + options.key);
  request.body = json_line(body);
  request.timeout = options.timeout;
  return request;
}

EndpointReply read_reply(const EndpointOptions& options, HttpReply reply) {
  EndpointReply out;
  out.retry_after = reply.retry_after;
  if (reply.fault != HttpFault::none) {
    out.reason = fault_words(reply.fault);
    out.detail = reply.error;
  } else {
    const std::optional<Json> json = json_if_valid(reply.body);
    if (reply.status < 200 || reply.status >= 300) {
      out.kind = kind_of_status(reply.status);
      out.reason = "HTTP " + std::to_string(reply.status);
      out.detail = reply.location.empty() ? json ? error_words(*json) : reply.body : "go to " + reply.location;
    } else if (!json) {
      out.reason = "reply that is not JSON";
      out.detail = reply.body;
    } else {
      read_completion(*json, options.chat, out);
    }
  }
  out.text = without_key(std::move(out.text), options.key);
  out.end = server_words(std::move(out.end), options.key);
  out.detail = server_words(std::move(out.detail), options.key);
  return out;
}

double backoff_seconds(const Question& question, std::int64_t attempt) {
  const double longest = std::min(30.0, 0.5 * std::exp2(static_cast<double>(std::min<std::int64_t>(attempt, 10) - 2)));
  const std::uint64_t key = stream_key(question.problem, {static_cast<std::uint64_t>(question.sample), question.greedy ? 1u : 0u});
  return longest * (0.5 + 0.5 * uniform_at(key, static_cast<std::uint64_t>(attempt)));
}

}  // namespace tinyzero
