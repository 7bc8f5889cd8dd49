// Concurrent HTTP requests on one thread, with libcurl.
//
// The first client loads libcurl and the thirty libraries it needs, which takes longer than
// everything else that `--help` does. Redirections are not followed, because a key must not reach
// another host. Proxies from the environment are used, except for this machine.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace tinyzero {

struct HttpRequest {
  std::string url;                        // http:// or https://
  std::vector<std::string> headers = {};  // "Name: value"; never part of an error message
  std::string body = {};                  // of a POST; empty for a GET
  std::string ca_file = {};               // PEM file of trusted certificates; empty: the system's
  double timeout = 120;                   // seconds from the start to the last byte
  std::size_t most_bytes = 8u << 20;      // limit of the reply's body
};

// Why there is no reply.
enum class HttpFault {
  none,
  resolve,    // the host has no address
  connect,    // nothing accepts the connection
  tls,        // the connection is not trusted
  timeout,    // the time is up
  cut,        // the connection or the reply broke
  too_large,  // the reply exceeds most_bytes
};

struct HttpReply {
  std::size_t id = 0;  // of the request
  HttpFault fault = HttpFault::none;
  std::string error;  // libcurl's description of the fault
  long status = 0;    // 200 …
  std::string body;
  double retry_after = 0;  // seconds that the server asks to wait; 0 if it does not
  std::string location;    // target of a redirection
};

class HttpClient {
 public:
  // Throws Error if libcurl is not installed.
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void start(std::size_t id, HttpRequest request);
  std::size_t running() const;
  // Waits for replies, at most `seconds`, and returns them. There may be none, even before the time
  // is up.
  std::vector<HttpReply> wait(double seconds);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tinyzero
