#include "core/eval/endpoint.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/url.h"
#include "tinyzero/ascii.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

constexpr std::size_t kShortestSecret =
    8;  // shorter keys ("EMPTY", "none") are placeholders, and words of ordinary text
constexpr std::size_t kLongestDetail = 240;  // bytes of a server's words

Url split_url(const std::string& text) {
  const auto refuse = [&](const std::string& why, const std::string& hint) {
    throw Error("--endpoint " + why, hint);
  };
  const std::size_t colon = text.find("://");
  std::string scheme = text.substr(0, colon == std::string::npos ? 0 : colon);
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), ascii_lower);
  if (scheme != "http" && scheme != "https")
    refuse("needs an address that begins with http:// or https://",
           "for example http://localhost:8080/v1");
  if (text.find('@') < text.find('/', colon + 3))
    refuse("holds a user or password, and the address is written to files",
           "give keys in the environment, see --key-env");
  if (text.find_first_of("?#") != std::string::npos)
    refuse("holds a query, which may be secret, and the address is written to files",
           "give the address without what follows ? or #");
  const auto is_bad = [](unsigned char c) { return c <= 0x20 || c >= 0x7F; };
  std::optional<Url> url = parse_url(text);
  if (!url || std::any_of(text.begin(), text.end(), is_bad))
    refuse("\"" + text + "\" is not an address", "for example http://localhost:8080/v1");
  while (url->path.ends_with('/')) url->path.pop_back();
  return *url;
}

}  // namespace

std::string without_key(std::string text, const std::string& key) {
  if (key.size() < kShortestSecret) return text;
  for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at))
    text.replace(at, key.size(), "***");
  return text;
}

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

std::string request_url(const std::string& url, bool chat) {
  Url parts = split_url(url);
  const std::string host = parts.authority();
  const std::string call = chat ? "/chat/completions" : "/completions";
  if (parts.path.ends_with("/completions")) {
    if (parts.path.ends_with("/chat/completions") != chat)
      throw Error("--endpoint ends in " + std::string(chat ? "/completions" : "/chat/completions") +
                      ", which this evaluation does not ask",
                  chat ? "add --completions, or leave the ending away"
                       : "leave --completions or the ending away");
    return parts.scheme + "://" + host + parts.path;
  }
  if (parts.path.empty()) parts.path = "/v1";
  return parts.scheme + "://" + host + parts.path + call;
}

bool is_private(const std::string& url) {
  const Url parts = split_url(url);
  return parts.scheme == "https" || is_loopback(parts.host);
}

void check_key(const std::string& key, const std::string& key_name) {
  const auto is_bad = [](unsigned char c) { return c <= 0x20 || c >= 0x7F; };
  if (std::any_of(key.begin(), key.end(), is_bad))
    throw Error("the key in " + key_name +
                    " holds a blank, a line end or another character that no header may hold",
                "set the variable to the key alone");
}

HttpRequest completion_request(const EndpointOptions& options, const Question& question) {
  Json body = {{"model", options.model}};
  if (options.chat)
    body["messages"] = Json::array({{{"role", "user"}, {"content", question.prompt}}});
  else body["prompt"] = question.prompt;
  body["max_tokens"] = options.max_tokens;
  body["temperature"] = question.temperature;
  if (options.seed) {
    body["seed"] = stream_key(static_cast<std::uint64_t>(*options.seed),
                              {question.problem, static_cast<std::uint64_t>(question.sample)}) %
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

double backoff_seconds(const Question& question, std::int64_t attempt) {
  const double longest =
      std::min(30.0, 0.5 * std::exp2(static_cast<double>(std::min<std::int64_t>(attempt, 10) - 2)));
  const std::uint64_t key = stream_key(
      question.problem, {static_cast<std::uint64_t>(question.sample), question.greedy ? 1u : 0u});
  return longest * (0.5 + 0.5 * uniform_at(key, attempt));
}

}  // namespace tinyzero
