#include "core/cli/endpoint_command.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "core/base/error.h"
#include "support/command.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/endpoint_command");

namespace {

// The options as the command makes them, with the environment's TEST_KEY and OPENAI_API_KEY.
struct Made {
  EndpointOptions options;
  std::string err;
};

Made made(const EndpointCommandOptions& given, const char* test_key = nullptr,
          const char* default_key = nullptr) {
  ::unsetenv("TEST_KEY");
  ::unsetenv("OPENAI_API_KEY");
  if (test_key != nullptr) ::setenv("TEST_KEY", test_key, 1);
  if (default_key != nullptr) ::setenv("OPENAI_API_KEY", default_key, 1);
  Made out;
  out.err = capture([&] {
              out.options = endpoint_options(given, 0, std::nullopt);
              return 0;
            }).err;
  return out;
}

}  // namespace

TEST_CASE("a key leaves the environment, and goes only where it stays secret") {
  const Made secret = made({.url = "https://api.example.com/v1"}, nullptr, "sk-12345678");
  CHECK(secret.options.key == "sk-12345678");
  CHECK(secret.err.empty());
  CHECK(std::getenv("OPENAI_API_KEY") == nullptr);

  const Made clear = made({.url = "http://example.com/v1"}, nullptr, "sk-12345678");
  CHECK(clear.options.key.empty());
  CHECK(clear.err ==
        "note: the key in OPENAI_API_KEY is not sent to http://example.com/v1, which has no TLS; "
        "--key-env OPENAI_API_KEY sends it\n");

  const Made named = made({.url = "http://example.com/v1", .key_env = "TEST_KEY"}, "sk-12345678");
  CHECK(named.options.key == "sk-12345678");
  CHECK(named.err.find("in clear") != std::string::npos);

  CHECK_THROWS_WITH_AS(made({.url = "http://localhost:1/v1", .key_env = "TEST_KEY"}),
                       "the environment has no key in TEST_KEY", Error);
}

TEST_CASE("fields of the body are JSON where they are, else text") {
  const Made r = made({.url = "http://localhost:1/v1",
                       .body = {"top_p=0.9", "stop=[\"a\"]", "user=me", "x=null", "y=a=b"}});
  CHECK(r.options.extra ==
        Json{{"top_p", 0.9}, {"stop", {"a"}}, {"user", "me"}, {"x", nullptr}, {"y", "a=b"}});
  CHECK_THROWS_WITH(made({.url = "http://localhost:1/v1", .body = {"top_p"}}),
                    "--body top_p is not NAME=VALUE");
  CHECK_THROWS_AS(made({.url = "http://localhost:1/v1", .body = {"=1"}}), Error);
}

TEST_CASE("limits are those of the command line, and an answer is longer than a run's") {
  const Made r = made({.url = "http://localhost:1",
                       .completions = true,
                       .concurrency = 3,
                       .retries = 1,
                       .timeout = 7,
                       .max_failed = 0.5});
  CHECK_FALSE(r.options.chat);
  CHECK(r.options.concurrency == 3);
  CHECK(r.options.retries == 1);
  CHECK(r.options.timeout == 7);
  CHECK(r.options.max_failed == 0.5);
  CHECK(r.options.max_tokens == 1024);
  CHECK_THROWS_AS(made({.url = "ftp://localhost"}), Error);
}
