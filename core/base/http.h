// HTTP requests, many at a time on one thread, over libcurl.
//
// libcurl is loaded when the first client is made: with the thirty libraries below it, it takes
// longer to load than the program takes to say
// --help. Redirections are not followed: a key must not travel to another host. Proxies of the
// environment are used, but not for this machine.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace tinyzero {

struct HttpRequest {
  std::string url;                   // http:// or https://
  std::vector<std::string> headers;  // "Name: value"; no error repeats them
  std::string body;                  // of a POST; empty: GET
  std::string
      ca_file;  // certificates that are trusted in place of the system's, PEM; empty: the system's
  double timeout = 120;               // seconds from the start to the last byte
  std::size_t most_bytes = 8u << 20;  // of the reply's body; a longer one is a fault
};

// Why there is no reply: the host has no address; nothing accepts the connection; no trusted
// connection; the time is up; the connection or the reply broke; the reply is too long.
enum class HttpFault { none, resolve, connect, tls, timeout, cut, too_large };

struct HttpReply {
  std::size_t id = 0;  // of the request
  HttpFault fault = HttpFault::none;
  std::string error;  // the fault in libcurl's words
  long status = 0;    // 200 …
  std::string body;
  double retry_after =
      0;  // seconds that the server asks to wait; 0: it says nothing that can be understood
  std::string location;  // where a redirection leads
};

class HttpClient {
 public:
  // Throws Error if libcurl is not there.
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void start(std::size_t id, HttpRequest request);
  std::size_t running() const;
  // The replies that have come, after waiting for `seconds` at most; there may be none even if it
  // returns earlier.
  std::vector<HttpReply> wait(double seconds);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tinyzero
