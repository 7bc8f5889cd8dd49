// Addresses of servers: their components, and whether they belong to this machine.
#pragma once

#include <optional>
#include <string>

namespace tinyzero {

struct Url {
  std::string scheme;  // lower case
  std::string host;    // an IPv6 address has no brackets
  std::string port;    // digits; empty for the scheme's default
  std::string path;    // with query and fragment; may be empty

  // "host:port" in the form of an address.
  std::string authority() const;
};

// The components of an address. Nothing for an address without a host, with a user or password, or
// with unusual characters in the host: other programs might understand it differently.
std::optional<Url> parse_url(const std::string& text);

// Whether data sent to `host` stays on this machine, in whatever form it is written: localhost and
// its subdomains; 127.0.0.0/8 and ::1, also in forms that curl accepts, such as 127.1, 0x7f000001
// or ::ffff:127.0.0.1; and the unspecified address (0.0.0.0, ::), at which this machine answers.
bool is_loopback(std::string host);

}  // namespace tinyzero
