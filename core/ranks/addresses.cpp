#include "core/ranks/addresses.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>

#include "core/base/error.h"

namespace tinyzero {
namespace {

// In digits; empty for what is no address of IP, or an address of IPv6 that needs a scope.
std::string digits_of(const sockaddr* address) {
  if (address == nullptr) return "";
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text,
                sizeof text);
  } else if (address->sa_family == AF_INET6) {
    const in6_addr& six = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    if (!IN6_IS_ADDR_LINKLOCAL(&six)) ::inet_ntop(AF_INET6, &six, text, sizeof text);
  }
  return text;
}

struct FreeList {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Resolved = std::unique_ptr<addrinfo, FreeList>;

Resolved resolve(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) found = nullptr;
  return Resolved(found);
}

// Whether this machine can listen there.
bool is_own(const addrinfo& address) {
  const int socket = ::socket(address.ai_family, address.ai_socktype, address.ai_protocol);
  if (socket < 0) return false;
  const bool bound = ::bind(socket, address.ai_addr, address.ai_addrlen) == 0;
  ::close(socket);
  return bound;
}

bool is_loopback(const std::string& address) {
  in_addr four{};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
  in6_addr six{};
  if (::inet_pton(AF_INET6, address.c_str(), &six) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
}

}  // namespace

std::vector<NetworkInterface> interfaces_up() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, ::freeifaddrs);
  std::map<std::string, NetworkInterface> found;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
      if ((i->ifa_flags & IFF_UP) == 0 || i->ifa_addr == nullptr) continue;
      if (i->ifa_addr->sa_family != family) continue;
      const std::string digits = digits_of(i->ifa_addr);
      if (digits.empty()) continue;
      found[i->ifa_name].name = i->ifa_name;
      found[i->ifa_name].addresses.push_back(digits);
    }
  }
  std::vector<NetworkInterface> out;
  for (auto& [name, interface] : found) out.push_back(std::move(interface));
  return out;
}

std::string interfaces_text(const std::vector<NetworkInterface>& interfaces) {
  if (interfaces.empty()) return "none";
  std::vector<std::string> words;
  for (const NetworkInterface& i : interfaces)
    words.push_back(fmt::format("{} ({})", i.name, fmt::join(i.addresses, ", ")));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string own_host() {
  utsname names{};
  ::uname(&names);
  return names.nodename;
}

std::vector<std::string> addresses_of_name(const std::string& host) {
  std::vector<std::string> out;
  const Resolved found = resolve(host);
  for (const addrinfo* i = found.get(); i != nullptr; i = i->ai_next) {
    if (const std::string digits = digits_of(i->ai_addr); !digits.empty()) out.push_back(digits);
  }
  return out;
}

std::string own_address(const std::string& interface) {
  if (!interface.empty()) {
    for (const NetworkInterface& i : interfaces_up()) {
      if (i.name == interface) return i.addresses.front();
    }
    return "";
  }
  const Resolved found = resolve(own_host());
  for (const addrinfo* i = found.get(); i != nullptr; i = i->ai_next) {
    if (const std::string digits = digits_of(i->ai_addr); !digits.empty() && is_own(*i))
      return digits;
  }
  return kLoopback;
}

bool are_loopback(const std::vector<std::string>& addresses) {
  return !addresses.empty() && std::ranges::all_of(addresses, is_loopback);
}

std::string interface_hint(const std::string& interfaces) {
  return "choose a network with --ranks-interface NAME, or give the host's name another address in "
         "/etc/hosts; it has " +
         interfaces;
}

void check_addresses(std::span<const RankAddress> ranks, const std::string& interface) {
  const auto other_host = [&](const RankAddress& r) { return r.host != ranks.front().host; };
  const bool is_one_host = std::ranges::none_of(ranks, other_host);
  for (std::int64_t r = 0; r < std::ssize(ranks); ++r) {
    const RankAddress& rank = ranks[r];
    if (rank.address.empty())
      throw Error(fmt::format("rank {} on host {} has no network interface \"{}\" that is up", r,
                              rank.host, interface),
                  "it has " + rank.interfaces);
    if (is_one_host || !is_loopback(rank.address)) continue;
    throw Error(fmt::format("rank {} on host {} has the address {}, which ranks on other hosts "
                            "cannot reach",
                            r, rank.host, rank.address),
                interface_hint(rank.interfaces));
  }
}

}  // namespace tinyzero
