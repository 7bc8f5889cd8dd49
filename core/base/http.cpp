#include "core/base/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cmath>
#include <map>

#include "core/base/error.h"
#include "core/base/url.h"

namespace tinyzero {
namespace {

// The functions of libcurl's ABI 4, which has been the same since 2006.
struct Curl {
  boost::dll::shared_library library;
  decltype(&curl_global_init) global_init;
  decltype(&curl_easy_init) easy_init;
  decltype(&curl_easy_setopt) easy_setopt;
  decltype(&curl_easy_getinfo) easy_getinfo;
  decltype(&curl_easy_cleanup) easy_cleanup;
  decltype(&curl_easy_strerror) easy_strerror;
  decltype(&curl_slist_append) slist_append;
  decltype(&curl_slist_free_all) slist_free_all;
  decltype(&curl_multi_init) multi_init;
  decltype(&curl_multi_add_handle) multi_add_handle;
  decltype(&curl_multi_remove_handle) multi_remove_handle;
  decltype(&curl_multi_perform) multi_perform;
  decltype(&curl_multi_poll) multi_poll;
  decltype(&curl_multi_info_read) multi_info_read;
  decltype(&curl_multi_cleanup) multi_cleanup;

  Curl() {
    try {
      load();
    } catch (const std::exception& e) {
      throw Error("cannot load libcurl, which asks endpoints: " + std::string(e.what()),
                  "install it: apt-get install libcurl4");
    }
    if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
      throw Failure("libcurl cannot be initialized");
  }

 private:
  void load() {
    std::error_code missing;
    library.load("libcurl.so.4", missing, boost::dll::load_mode::search_system_folders);
    if (missing) library.load("libcurl-gnutls.so.4", boost::dll::load_mode::search_system_folders);
    const auto find = [&]<class Function>(Function*& function, const char* name) {
      function = &library.get<Function>(name);
    };
    find(global_init, "curl_global_init");
    find(easy_init, "curl_easy_init");
    find(easy_setopt, "curl_easy_setopt");
    find(easy_getinfo, "curl_easy_getinfo");
    find(easy_cleanup, "curl_easy_cleanup");
    find(easy_strerror, "curl_easy_strerror");
    find(slist_append, "curl_slist_append");
    find(slist_free_all, "curl_slist_free_all");
    find(multi_init, "curl_multi_init");
    find(multi_add_handle, "curl_multi_add_handle");
    find(multi_remove_handle, "curl_multi_remove_handle");
    find(multi_perform, "curl_multi_perform");
    find(multi_poll, "curl_multi_poll");
    find(multi_info_read, "curl_multi_info_read");
    find(multi_cleanup, "curl_multi_cleanup");
  }
};

const Curl& curl() {
  static const Curl& library = *new Curl;  // never unloaded, because its threads may outlive main
  return library;
}

HttpFault fault_of(CURLcode code) {
  switch (code) {
    case CURLE_OK: return HttpFault::none;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return HttpFault::resolve;
    case CURLE_COULDNT_CONNECT: return HttpFault::connect;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER: return HttpFault::tls;
    case CURLE_OPERATION_TIMEDOUT: return HttpFault::timeout;
    case CURLE_WRITE_ERROR: return HttpFault::too_large;
    default: return HttpFault::cut;
  }
}

// A request in progress.
struct Transfer {
  HttpRequest request;
  HttpReply reply;
  CURL* handle = nullptr;
  curl_slist* headers = nullptr;
  char error[CURL_ERROR_SIZE] = "";
  bool too_large = false;

  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    if (handle != nullptr) curl().easy_cleanup(handle);
    curl().slist_free_all(headers);
  }
};

std::size_t take_bytes(char* data, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.too_large = transfer.reply.body.size() + size > transfer.request.most_bytes;
  if (transfer.too_large) return 0;  // ends the transfer
  transfer.reply.body.append(data, size);
  return size;
}

void set_request(Transfer& t) {
  const Curl& c = curl();
  for (const std::string& header : t.request.headers)
    t.headers = c.slist_append(t.headers, header.c_str());
  t.headers = c.slist_append(t.headers, "Expect:");  // no waiting for "100 Continue"
  c.easy_setopt(t.handle, CURLOPT_URL, t.request.url.c_str());
  c.easy_setopt(t.handle, CURLOPT_HTTPHEADER, t.headers);
  c.easy_setopt(t.handle, CURLOPT_USERAGENT, "tinyzero");
  if (!t.request.body.empty()) {
    c.easy_setopt(t.handle, CURLOPT_POSTFIELDS, t.request.body.data());
    c.easy_setopt(t.handle, CURLOPT_POSTFIELDSIZE_LARGE,
                  static_cast<curl_off_t>(t.request.body.size()));
  }
}

// Proxies, redirections and certificates.
void set_route(Transfer& t) {
  const Curl& c = curl();
  // A request to this machine never takes a proxy, whatever the environment says.
  const auto url = parse_url(t.request.url);
  if (!url || is_loopback(url->host)) {
    c.easy_setopt(t.handle, CURLOPT_PROXY, "");
    c.easy_setopt(t.handle, CURLOPT_NOPROXY, "*");
  }
  c.easy_setopt(t.handle, CURLOPT_FOLLOWLOCATION, 0L);
  if (!t.request.ca_file.empty())
    c.easy_setopt(t.handle, CURLOPT_CAINFO, t.request.ca_file.c_str());
}

void configure(Transfer& t) {
  const Curl& c = curl();
  t.handle = c.easy_init();
  if (t.handle == nullptr) throw Failure("libcurl cannot begin a request");
  set_request(t);
  set_route(t);
  const long milliseconds = std::lround(std::ceil(1000 * t.request.timeout));
  c.easy_setopt(t.handle, CURLOPT_NOSIGNAL, 1L);
  // Surplus data on a connection must never be mistaken for the reply to the next request.
  c.easy_setopt(t.handle, CURLOPT_FORBID_REUSE, 1L);
  c.easy_setopt(t.handle, CURLOPT_TIMEOUT_MS, milliseconds);
  c.easy_setopt(t.handle, CURLOPT_CONNECTTIMEOUT_MS, std::min(milliseconds, 15000L));
  c.easy_setopt(t.handle, CURLOPT_WRITEFUNCTION, &take_bytes);
  c.easy_setopt(t.handle, CURLOPT_WRITEDATA, &t);
  c.easy_setopt(t.handle, CURLOPT_ERRORBUFFER, t.error);
}

// The fault behind a timeout, by how far the connection had come.
HttpFault timeout_fault(const Transfer& t) {
  double connected = 0;
  double secured = 0;
  curl().easy_getinfo(t.handle, CURLINFO_CONNECT_TIME, &connected);
  curl().easy_getinfo(t.handle, CURLINFO_APPCONNECT_TIME, &secured);
  if (connected == 0) return HttpFault::connect;
  const bool needs_tls = t.request.url.starts_with("https:");
  return needs_tls && secured == 0 ? HttpFault::tls : HttpFault::timeout;
}

// The reply of a transfer that ended with `code`.
HttpReply finish(Transfer& t, CURLcode code) {
  const Curl& c = curl();
  HttpReply& reply = t.reply;
  reply.fault = t.too_large ? HttpFault::too_large : fault_of(code);
  if (reply.fault == HttpFault::timeout) reply.fault = timeout_fault(t);
  if (t.too_large) reply.error = "more than " + std::to_string(t.request.most_bytes) + " bytes";
  else if (code != CURLE_OK) reply.error = t.error[0] != '\0' ? t.error : c.easy_strerror(code);
  c.easy_getinfo(t.handle, CURLINFO_RESPONSE_CODE, &reply.status);
  curl_off_t wait = 0;
  if (c.easy_getinfo(t.handle, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK)
    reply.retry_after = std::max<double>(0, wait);
  const char* location = nullptr;
  if (c.easy_getinfo(t.handle, CURLINFO_REDIRECT_URL, &location) == CURLE_OK && location != nullptr)
    reply.location = location;
  return std::move(reply);
}

}  // namespace

struct HttpClient::State {
  CURLM* multi = nullptr;
  std::map<CURL*, std::unique_ptr<Transfer>> transfers;

  // Moves data, and takes out the transfers that have ended.
  std::vector<HttpReply> take_replies() {
    const Curl& c = curl();
    std::vector<HttpReply> replies;
    int running = 0;
    c.multi_perform(multi, &running);
    int left = 0;
    while (const CURLMsg* message = c.multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* handle = message->easy_handle;
      const CURLcode code = message->data.result;
      const auto found = transfers.find(handle);
      replies.push_back(finish(*found->second, code));
      c.multi_remove_handle(multi, handle);
      transfers.erase(found);
    }
    return replies;
  }
};

HttpClient::HttpClient() : state_(std::make_unique<State>()) {
  state_->multi = curl().multi_init();
  if (state_->multi == nullptr) throw Failure("libcurl cannot begin");
}

HttpClient::~HttpClient() {
  for (const auto& [handle, transfer] : state_->transfers)
    curl().multi_remove_handle(state_->multi, handle);
  state_->transfers.clear();
  curl().multi_cleanup(state_->multi);
}

void HttpClient::start(std::size_t id, HttpRequest request) {
  auto transfer = std::make_unique<Transfer>();
  transfer->request = std::move(request);
  transfer->reply.id = id;
  configure(*transfer);
  CURL* handle = transfer->handle;
  state_->transfers.emplace(handle, std::move(transfer));
  curl().multi_add_handle(state_->multi, handle);
}

std::size_t HttpClient::running() const { return state_->transfers.size(); }

std::vector<HttpReply> HttpClient::wait(double seconds) {
  std::vector<HttpReply> replies = state_->take_replies();
  if (!replies.empty()) return replies;
  const int milliseconds = std::lround(std::ceil(1000 * std::clamp(seconds, 0.0, 60.0)));
  curl().multi_poll(state_->multi, nullptr, 0, milliseconds, nullptr);
  return state_->take_replies();
}

}  // namespace tinyzero
