// Requests to a server of this process.

#include "core/base/http.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <thread>

#include "core/base/file.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/http");

namespace {

// Answers each of `replies` to one connection, in order, and keeps the requests.
class Server {
 public:
  explicit Server(std::vector<std::string> replies) : replies_(std::move(replies)) {
    listener_ = FileHandle::adopt(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_.fd(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener_.fd(), 8) == 0);
    REQUIRE(::getsockname(listener_.fd(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::jthread([this] { serve(); });
  }

  const std::string& url() const { return url_; }
  // After all replies have been given.
  std::vector<std::string> requests() {
    thread_.join();
    return requests_;
  }

 private:
  void serve() {
    for (const std::string& reply : replies_) {
      const FileHandle connection = FileHandle::adopt(::accept(listener_.fd(), nullptr, nullptr));
      requests_.push_back(read_request(connection.fd()));
      [[maybe_unused]] const ssize_t sent =
          ::send(connection.fd(), reply.data(), reply.size(), MSG_NOSIGNAL);
      ::shutdown(connection.fd(), SHUT_RDWR);
    }
  }
  // Requests of these tests have a body that ends with "}".
  static std::string read_request(int fd) {
    std::string text;
    char buffer[4096];
    while (!text.ends_with("\r\n\r\n") && !text.ends_with("}")) {
      const ssize_t n = ::read(fd, buffer, sizeof buffer);
      if (n <= 0) break;
      text.append(buffer, n);
    }
    return text;
  }

  std::vector<std::string> replies_, requests_;
  FileHandle listener_;
  std::string url_;
  std::jthread thread_;
};

std::map<std::size_t, HttpReply> wait_for_all(HttpClient& client) {
  std::map<std::size_t, HttpReply> out;
  while (client.running() > 0) {
    for (HttpReply& reply : client.wait(5)) out[reply.id] = reply;
  }
  return out;
}

HttpReply reply_to(const HttpRequest& request) {
  HttpClient client;
  client.start(3, request);
  return wait_for_all(client).at(3);
}

}  // namespace

TEST_CASE("a body makes a POST, and status, headers and body come back") {
  Server server({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"});
  const HttpReply reply =
      reply_to({.url = server.url() + "/v1", .headers = {"X-Key: secret"}, .body = "{\"a\":1}"});
  CHECK(reply.fault == HttpFault::none);
  CHECK(reply.error.empty());
  CHECK(reply.status == 200);
  CHECK(reply.body == "hello");
  const std::vector<std::string> requests = server.requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].starts_with("POST /v1 HTTP/1.1\r\n"));
  CHECK(requests[0].find("X-Key: secret\r\n") != std::string::npos);
  CHECK(requests[0].find("Expect") == std::string::npos);
  CHECK(requests[0].ends_with("\r\n\r\n{\"a\":1}"));
}

TEST_CASE("redirections are told and not followed; so is the time that a server asks to wait") {
  Server server(
      {"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/x\r\nContent-Length: "
       "0\r\n\r\n",
       "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"});
  const HttpReply moved = reply_to({.url = server.url()});
  CHECK(moved.status == 302);
  CHECK(moved.location == "http://elsewhere.example/x");
  CHECK(moved.retry_after == 0);
  const HttpReply slow = reply_to({.url = server.url()});
  CHECK(slow.status == 429);
  CHECK(slow.retry_after == 7);
  CHECK(server.requests()[0].starts_with("GET / "));
}

TEST_CASE("many requests run at once, and each reply has its request's number") {
  std::vector<std::string> replies(5, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  Server server(replies);
  HttpClient client;
  for (std::size_t id = 10; id < 15; ++id) client.start(id, {.url = server.url()});
  CHECK(client.running() == 5);
  const auto all = wait_for_all(client);
  CHECK(all.size() == 5);
  for (const auto& [id, reply] : all) {
    CHECK(id >= 10);
    CHECK(reply.body == "ok");
  }
  CHECK(client.wait(0).empty());
}

TEST_CASE("faults are told apart") {
  {
    Server server({"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut"});
    const HttpReply cut = reply_to({.url = server.url()});
    CHECK(cut.fault == HttpFault::cut);
    CHECK_FALSE(cut.error.empty());
  }
  {
    Server server({"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0123456789x"});
    const HttpReply large = reply_to({.url = server.url(), .most_bytes = 10});
    CHECK(large.fault == HttpFault::too_large);
    CHECK(large.error == "more than 10 bytes");
  }
  std::string closed;
  {
    Server server({});
    closed = server.url();
  }
  CHECK(reply_to({.url = closed}).fault == HttpFault::connect);
  // A server that accepts the connection and says nothing.
  const FileHandle silent = FileHandle::adopt(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(silent.fd(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(silent.fd(), 8) == 0);
  REQUIRE(::getsockname(silent.fd(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const std::string url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  CHECK(reply_to({.url = url, .timeout = 0.3}).fault == HttpFault::timeout);
}

TEST_CASE("a client can end while requests are running") {
  HttpClient client;
  client.start(1, {.url = "http://127.0.0.1:1"});
  CHECK(client.running() <= 1);
}
