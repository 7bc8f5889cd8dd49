// The options of `eval` for models behind an endpoint.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/eval/endpoint.h"

namespace CLI {
class App;
}

namespace tinyzero {

struct EndpointCommandOptions {
  std::string url = {};  // empty: no endpoint
  std::vector<std::string> models = {};
  std::string key_env = {};
  std::string ca_file = {};
  std::vector<std::string> body = {};
  bool completions = false;
  std::int64_t concurrency = 8;
  std::int64_t requests_per_minute = 0;
  std::int64_t retries = 8;
  double timeout = 120;
  double max_failed = 0.1;
};

void add_endpoint_options(CLI::App& command, EndpointCommandOptions& options);

// How the endpoint is asked. Takes the key out of the environment, and says on standard error if it
// is not sent, or travels without TLS. Throws Error for a bad address, a bad field of --body and a
// key that is missing. max_tokens 0: 1024.
EndpointOptions endpoint_options(const EndpointCommandOptions& options, std::int64_t max_tokens,
                                 std::optional<std::int64_t> seed);

}  // namespace tinyzero
