#include "core/cli/endpoint_command.h"

#include <fcntl.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/secret.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kEndpointTokens = 1024;

// NAME=VALUE as a field of the requests; a value that is not JSON is a text.
void add_field(const std::string& field, Json& fields) {
  const std::size_t equals = field.find('=');
  if (equals == 0 || equals == std::string::npos)
    throw Error("--body " + field + " is not NAME=VALUE", "for example --body top_p=0.95");
  const std::string value = field.substr(equals + 1);
  fields[field.substr(0, equals)] = json_if_valid(value).value_or(Json(value));
}

// The key in the environment, which no longer holds it when this returns.
std::string take_key(const std::string& name) {
  std::string key = take_secret(name);
  check_key(key, name);
  return key;
}

// A key that --key-env names is sent in clear, too; the default one only where it stays secret.
void set_key(const EndpointCommandOptions& options, EndpointOptions& out) {
  const bool named = !options.key_env.empty();
  out.key_name = named ? options.key_env : "OPENAI_API_KEY";
  out.key = take_key(out.key_name);
  if (named && out.key.empty())
    throw Error("the environment has no key in " + out.key_name,
                "set it, or leave --key-env away if the endpoint needs none");
  if (out.key.empty() || is_private(out.url)) return;
  if (named) {
    print(stderr, "note: the key in {} goes to {} in clear, which has no TLS\n", out.key_name,
          out.url);
    return;
  }
  print(stderr, "note: the key in {} is not sent to {}, which has no TLS; --key-env {} sends it\n",
        out.key_name, out.url, out.key_name);
  out.key.clear();
}

}  // namespace

EndpointOptions endpoint_options(const EndpointCommandOptions& options, std::int64_t max_tokens,
                                 std::optional<std::int64_t> seed) {
  EndpointOptions out;
  out.url = options.url;
  out.chat = !options.completions;
  out.max_tokens = max_tokens > 0 ? max_tokens : kEndpointTokens;
  out.seed = seed;
  out.concurrency = options.concurrency;
  out.requests_per_minute = options.requests_per_minute;
  out.retries = options.retries;
  out.timeout = options.timeout;
  out.ca_file = options.ca_file;
  if (!out.ca_file.empty()) FileHandle(out.ca_file, O_RDONLY);  // libcurl would wait for a pipe
  out.max_failed = options.max_failed;
  request_url(out.url, out.chat);  // refuses a bad address before anything is done
  for (const std::string& field : options.body) add_field(field, out.extra);
  set_key(options, out);
  return out;
}

namespace {

// Options that make sense with --endpoint alone.
class EndpointGroup {
 public:
  EndpointGroup(CLI::App& command, CLI::Option* endpoint)
      : command_(command), endpoint_(endpoint) {}

  template <class T>
  CLI::Option* option(const char* name, T& value, const char* help) const {
    return belong(command_.add_option(name, value, help));
  }
  CLI::Option* flag(const char* name, bool& value, const char* help) const {
    return belong(command_.add_flag(name, value, help));
  }

 private:
  CLI::Option* belong(CLI::Option* option) const {
    return option->needs(endpoint_)->group("Endpoint");
  }

  CLI::App& command_;
  CLI::Option* endpoint_;
};

void add_request_limits(const EndpointGroup& group, EndpointCommandOptions& o) {
  group.option("--concurrency", o.concurrency, "requests at a time")
      ->capture_default_str()
      ->check(between(1, 1024));
  group.option("--requests-per-minute", o.requests_per_minute, "limit, retries included; 0: none")
      ->capture_default_str()
      ->check(between(0, 1000000));
  group.option("--retries", o.retries, "further tries of a request that may succeed later")
      ->capture_default_str()
      ->check(between(0, 100));
  group.option("--timeout", o.timeout, "seconds for one request")
      ->capture_default_str()
      ->check(between(0.1, 86400.0));
  group
      .option("--max-failed", o.max_failed,
              "share of completions that may fail before the command does")
      ->capture_default_str()
      ->check(between(0.0, 1.0));
}

}  // namespace

void add_endpoint_options(CLI::App& c, EndpointCommandOptions& o) {
  CLI::Option* endpoint =
      c.add_option("--endpoint", o.url,
                   "address of a server with OpenAI's protocol: https://api.openai.com/v1")
          ->group("Endpoint");
  const EndpointGroup group(c, endpoint);
  group.option("--model", o.models, "name of a model at the endpoint; may be given several times")
      ->allow_extra_args(false);
  group
      .option(
          "--ca-file", o.ca_file,
          "certificates (PEM) to trust in place of the system's: of a server with one of its own")
      ->check(CLI::ExistingFile);
  group.flag("--completions", o.completions,
             "ask /completions, with a framed prompt, in place of chat");
  group.option("--key-env", o.key_env,
               "environment variable that holds the key; default OPENAI_API_KEY");
  add_request_limits(group, o);
  group
      .option("--body", o.body,
              "one more field of the requests, NAME=VALUE in JSON or as text; null removes one")
      ->allow_extra_args(false);
}

}  // namespace tinyzero
