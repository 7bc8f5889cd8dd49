#include "core/base/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <system_error>

#include "tinyzero/ascii.h"

namespace tinyzero {
namespace {

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), ascii_lower);
  return text;
}

bool consists_of(const std::string& text, const char* characters) {
  return text.find_first_not_of(characters) == std::string::npos;
}

constexpr const char* kHexDigits = "0123456789abcdefABCDEF:.";
constexpr const char* kHostCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

// Reads host and port. False if they are unusual.
bool read_authority(const std::string& text, Url& url) {
  const bool ipv6 = text.starts_with('[');
  std::size_t end = std::min(text.find(ipv6 ? ']' : ':'), text.size());
  url.host = text.substr(ipv6 ? 1 : 0, ipv6 ? end - 1 : end);
  if (url.host.empty() || !consists_of(url.host, ipv6 ? kHexDigits : kHostCharacters)) return false;
  if (ipv6 && end++ == text.size()) return false;
  if (end == text.size()) return true;
  url.port = text.substr(end + 1);
  std::uint16_t number = 0;
  const char* last = url.port.data() + url.port.size();
  const auto [stop, fault] = std::from_chars(url.port.data(), last, number);
  return text[end] == ':' && fault == std::errc() && stop == last;
}

bool is_local_ipv4(std::uint32_t address) { return address >> 24 == 127 || address == 0; }

bool is_local_ipv6(const in6_addr& address) {
  if (IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_UNSPECIFIED(&address)) return true;
  if (!IN6_IS_ADDR_V4MAPPED(&address)) return false;
  std::uint32_t last = 0;
  std::memcpy(&last, address.s6_addr + 12, 4);
  return is_local_ipv4(ntohl(last));
}

}  // namespace

std::string Url::authority() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + (port.empty() ? "" : ":" + port);
}

std::optional<Url> parse_url(const std::string& text) {
  Url url;
  const std::size_t colon = text.find("://");
  if (colon == std::string::npos) return std::nullopt;
  url.scheme = lowered(text.substr(0, colon));
  const std::size_t begin = colon + 3;
  const std::size_t end = std::min(text.find_first_of("/?#", begin), text.size());
  if (!read_authority(text.substr(begin, end - begin), url)) return std::nullopt;
  url.path = text.substr(end);
  return url;
}

bool is_loopback(std::string host) {
  host = lowered(std::move(host));
  if (host.ends_with('.')) host.pop_back();
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  in6_addr ipv6{};
  if (::inet_pton(AF_INET6, host.c_str(), &ipv6) == 1) return is_local_ipv6(ipv6);
  in_addr ipv4{};  // like curl, inet_aton takes one to four decimal, hexadecimal or octal numbers
  return consists_of(host, "0123456789abcdefx.") && ::inet_aton(host.c_str(), &ipv4) == 1 &&
         is_local_ipv4(ntohl(ipv4.s_addr));
}

}  // namespace tinyzero
