// Addresses at which ranks reach each other. A name in /etc/hosts often stands for a loopback
// address, which no other machine reaches: ranks on several hosts are refused then.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace tinyzero {

inline constexpr const char* kLoopback = "127.0.0.1";

// A network interface that is up.
struct NetworkInterface {
  std::string name;
  std::vector<std::string> addresses;  // in digits, IPv4 first, none that needs a scope
};

// Those of this machine that have an address, by name.
std::vector<NetworkInterface> interfaces_up();
// "eth0 (10.0.0.5), lo (127.0.0.1)"
std::string interfaces_text(const std::vector<NetworkInterface>& interfaces);

// The name of this machine.
std::string own_host();
// The addresses that a host's name stands for here, in digits; none if it is unknown.
std::vector<std::string> addresses_of_name(const std::string& host);
// The first address of the interface; empty if there is none of that name. An empty name means the
// address of this machine's name, or 127.0.0.1 if that is of no use here.
std::string own_address(const std::string& interface);

// Whether all of these can only be reached from their own machine. False if there is none.
bool are_loopback(const std::vector<std::string>& addresses);

// What a rank tells the others about where it is.
struct RankAddress {
  std::string host;
  std::string address;     // own_address()
  std::string interfaces;  // interfaces_text() of its machine
};

// What to do about a loopback address, given the interfaces_text() of its machine.
std::string interface_hint(const std::string& interfaces);

// Throws Error for the first rank without the network interface that all were asked to use (empty:
// none was asked for), or with a loopback address although not all ranks are on one host.
void check_addresses(std::span<const RankAddress> ranks, const std::string& interface);

}  // namespace tinyzero
