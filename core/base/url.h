// Addresses of servers: their parts, and whether they are of this machine.
#pragma once

#include <optional>
#include <string>

namespace tinyzero {

struct Url {
  std::string scheme;  // lower case
  std::string host;    // of an IPv6 address without its brackets
  std::string port;    // digits; empty: the scheme's own
  std::string path;    // with what follows it; empty: none

  // host:port, as it stands in an address.
  std::string authority() const;
};

// The parts of an address; nothing for one with a user or a password, with characters that no plain
// host has, or without a host: another reader might understand it differently.
std::optional<Url> parse_url(const std::string& text);

// Whether what is sent to `host` stays on this machine, whichever way it is written: localhost and
// names below it; 127.0.0.0/8 and ::1, also in the forms that curl takes, such as 127.1, 0x7f000001
// or ::ffff:127.0.0.1; and the address of no machine (0.0.0.0, ::), where this one answers.
bool is_loopback(std::string host);

}  // namespace tinyzero
