// What is sent to an endpoint. The server in tests/peers/endpoint.py tries the rest over a wire.

#include "core/eval/endpoint.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/eval/endpoint");

TEST_CASE("addresses") {
  CHECK(request_url("http://localhost:8080", true) == "http://localhost:8080/v1/chat/completions");
  CHECK(request_url("http://localhost:8080/", false) == "http://localhost:8080/v1/completions");
  CHECK(request_url("HTTPS://api.example.com/openai/v1/", true) ==
        "https://api.example.com/openai/v1/chat/completions");
  CHECK(request_url("https://a/v1/chat/completions", true) == "https://a/v1/chat/completions");
  CHECK(request_url("https://a/v1/completions", false) == "https://a/v1/completions");
  for (const char* bad :
       {"", "localhost:8080", "ftp://a/v1", "http://", "http:///v1", "http://a b/v1",
        "http://a/v1\n", "http://me:pw@a/v1", "http://a/v1?key=pw", "http://a/v1#pw",
        "http://a:b/v1", "http://a:99999", "http://[::1/v1", "http://a\\@b/v1", "http://a%41/v1"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(request_url(bad, true), Error);
  }
  try {
    request_url("http://me:pw@a/v1", true);
  } catch (const Error& e) {
    CHECK(std::string(e.what()).find("pw") == std::string::npos);
  }
  CHECK_THROWS_AS(request_url("https://a/v1/completions", true), Error);
  CHECK_THROWS_AS(request_url("https://a/v1/chat/completions", false), Error);
  for (const char* url :
       {"https://api.example.com", "http://localhost:1/v1", "http://127.0.0.1/v1",
        "http://[::1]:8080", "http://LocalHost", "http://a.localhost:1", "http://localhost./v1",
        "http://127.9.9.9", "http://0x7f000001", "http://[::ffff:127.0.0.1]:1"})
    CHECK(is_private(url));
  for (const char* url : {"http://api.example.com", "http://127.example.com",
                          "http://192.168.0.1/v1", "http://localhost.example.com"})
    CHECK_FALSE(is_private(url));
}

TEST_CASE("requests") {
  EndpointOptions options;
  options.url = "http://h/v1";
  options.model = "m";
  options.key = "k";
  options.max_tokens = 9;
  const Question question{3, 1, false, 0.5, "what?"};
  const HttpRequest chat = completion_request(options, question);
  CHECK(Json::parse(chat.body) ==
        Json::parse(R"({"model":"m","messages":[{"role":"user","content":"what?"}],"max_tokens":9,)"
                    R"("temperature":0.5})"));
  CHECK(std::find(chat.headers.begin(), chat.headers.end(), "Authorization: Bearer k") !=
        chat.headers.end());
  options.chat = false;
  options.key = "";
  options.seed = 1;
  options.extra = {{"temperature", nullptr}, {"top_p", 0.9}, {"max_tokens", 5}};
  const HttpRequest plain = completion_request(options, question);
  const Json body = Json::parse(plain.body);
  CHECK(body["prompt"] == "what?");
  CHECK(body["top_p"] == 0.9);
  CHECK(body["max_tokens"] == 5);
  CHECK_FALSE(body.contains("temperature"));
  CHECK(body["seed"].get<std::int64_t>() >= 0);
  for (const std::string& header : plain.headers) CHECK_FALSE(header.starts_with("Authorization"));
}

TEST_CASE("backoff doubles to half a minute, and is spread") {
  const Question a{1, 0, false, 1, ""}, b{2, 0, false, 1, ""};
  double longest = 0.5;
  for (std::int64_t attempt = 2; attempt < 12; ++attempt) {
    CHECK(backoff_seconds(a, attempt) >= 0.5 * longest);
    CHECK(backoff_seconds(a, attempt) <= longest);
    CHECK(backoff_seconds(a, attempt) == backoff_seconds(a, attempt));
    CHECK(backoff_seconds(a, attempt) != backoff_seconds(b, attempt));
    longest = std::min(30.0, 2 * longest);
  }
}
