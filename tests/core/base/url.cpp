#include "core/base/url.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/url");

TEST_CASE("an address comes apart, and what is no plain one is refused") {
  const auto url = parse_url("HTTPS://Api.example.com:8443/v1/?a#b");
  REQUIRE(url);
  CHECK(url->scheme == "https");
  CHECK(url->host == "Api.example.com");
  CHECK(url->port == "8443");
  CHECK(url->path == "/v1/?a#b");
  CHECK(url->authority() == "Api.example.com:8443");
  CHECK(parse_url("http://[::1]:80")->authority() == "[::1]:80");
  CHECK(parse_url("http://[::1]")->host == "::1");
  CHECK(parse_url("http://a?b")->path == "?b");
  for (const char* bad : {"",
                          "a",
                          "http:/a",
                          "http://",
                          "http:///a",
                          "http://:80",
                          "http://a:",
                          "http://a:x",
                          "http://a:80:90",
                          "http://a:123456",
                          "http://me@a",
                          "http://me:pw@a/",
                          "http://[::1",
                          "http://[]",
                          "http://[::1]x",
                          "http://[a.b]x",
                          "http://a\\b",
                          "http://a b",
                          "http://127.0.0.1%2eevil",
                          "http://\u3002",
                          "http://a_\n"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_url(bad));
  }
}

TEST_CASE("this machine is recognised in every form that curl takes") {
  for (const char* host : {"localhost",
                           "LocalHost",
                           "localhost.",
                           "a.localhost",
                           "A.B.LOCALHOST.",
                           "127.0.0.1",
                           "127.0.0.1.",
                           "127.255.255.254",
                           "127.1",
                           "127.0.1",
                           "2130706433",
                           "0x7f000001",
                           "0X7F.1",
                           "0177.0.0.1",
                           "017700000001",
                           "127.0x10.1",
                           "0.0.0.0",
                           "0",
                           "0x0",
                           "::1",
                           "0:0:0:0:0:0:0:1",
                           "0000::0001",
                           "::",
                           "::ffff:127.0.0.1",
                           "::FFFF:7f00:1",
                           "0:0:0:0:0:ffff:127.1.2.3",
                           "::ffff:0.0.0.0"}) {
    CAPTURE(host);
    CHECK(is_loopback(host));
  }
  for (const char* host : {"",
                           ".",
                           "localhost.example.com",
                           "notlocalhost",
                           "localhost..",
                           "127.example.com",
                           "127.0.0.1.example.com",
                           "128.0.0.1",
                           "126.255.255.255",
                           "1.127.0.0",
                           "2130706432x",
                           "0x80000000",
                           "0200.0.0.1",
                           "192.168.0.1",
                           "10.0.0.1",
                           "::2",
                           "1::1",
                           "fe80::1",
                           "::ffff:128.0.0.1",
                           "127.0.0.0.1",
                           "256.0.0.1",
                           "4294967296",
                           "::127.0.0.1",
                           "::ffff:127.0.0.1.example"}) {
    CAPTURE(host);
    CHECK_FALSE(is_loopback(host));
  }
}
