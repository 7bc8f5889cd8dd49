// Which addresses other machines reach. None is asked for one.

#include "core/ranks/addresses.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/ranks/addresses");

namespace {

RankAddress on(const std::string& host, const std::string& address) {
  return {.host = host, .address = address, .interfaces = "eth0 (10.0.0.5), lo (127.0.0.1)"};
}

// What check_addresses says, with its hint; empty if nothing is wrong.
std::string told(const std::vector<RankAddress>& ranks, const std::string& interface = "") {
  try {
    check_addresses(ranks, interface);
    return "";
  } catch (const Error& e) {
    return std::string(e.what()) + " | " + e.hint();
  }
}

}  // namespace

TEST_CASE("loopback is for ranks of one host; with several, the first rank that has it is named") {
  CHECK(told({on("n1", "127.0.0.1"), on("n1", "127.0.1.1")}) == "");
  CHECK(told({on("n1", "10.0.0.5"), on("n2", "10.0.0.6")}) == "");
  CHECK(told({on("n1", "10.0.0.5"), on("n2", "127.0.1.1"), on("n3", "127.0.1.1")}) ==
        "rank 1 on host n2 has the address 127.0.1.1, which ranks on other hosts cannot reach | "
        "choose a network with --ranks-interface NAME, or give the host's name another address in "
        "/etc/hosts; it has eth0 (10.0.0.5), lo (127.0.0.1)");
  CHECK(told({on("n1", "::1"), on("n2", "10.0.0.6")}).starts_with("rank 0 on host n1 has the "));
  CHECK(told({on("n1", "127.0.0.1"), on("n1", "127.0.0.1"), on("n2", "10.0.0.6")})
            .starts_with("rank 0 on host n1 has the address 127.0.0.1, "));
}

TEST_CASE("a rank without the network interface is told which it has") {
  CHECK(told({on("n1", "10.0.0.5"), on("n2", "")}, "eth9") ==
        "rank 1 on host n2 has no network interface \"eth9\" that is up | it has eth0 (10.0.0.5), "
        "lo (127.0.0.1)");
  CHECK(told({on("n1", "")}, "eth9").starts_with("rank 0 on host n1 has no network interface"));
}

TEST_CASE("addresses that only their own machine reaches") {
  for (const char* address :
       {"127.0.0.1", "127.0.1.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"}) {
    CAPTURE(address);
    CHECK(are_loopback({address}));
    CHECK_FALSE(are_loopback({address, "10.0.0.5"}));
  }
  for (const char* address : {"10.0.0.5", "128.0.0.1", "fd00::2", "::ffff:10.0.0.5", "localhost"}) {
    CAPTURE(address);
    CHECK_FALSE(are_loopback({address}));
  }
  CHECK_FALSE(are_loopback({}));
}

TEST_CASE("this machine has a name, interfaces, and an address by each of them") {
  CHECK(own_host() != "");
  CHECK(own_address("") != "");
  CHECK(own_address("no such interface") == "");
  for (const NetworkInterface& interface : interfaces_up()) {
    CHECK(own_address(interface.name) == interface.addresses.front());
    CHECK(addresses_of_name(interface.addresses.front()) ==
          std::vector<std::string>{interface.addresses.front()});
  }
  CHECK(addresses_of_name("no such name.invalid").empty());
  CHECK(interfaces_text({}) == "none");
  CHECK(interfaces_text({{"eth0", {"10.0.0.5", "fd00::2"}}, {"lo", {"127.0.0.1"}}}) ==
        "eth0 (10.0.0.5, fd00::2), lo (127.0.0.1)");
}
