#include "core/eval/ask.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>

#include "core/base/error.h"
#include "core/base/suggest.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kLongestWait = 600;  // seconds that a server may ask for; more ends the evaluation
constexpr std::size_t kHopeless = 5;  // failures without a single answer
constexpr double kPatience = 0.25;    // seconds between two words of progress

Clock::duration seconds(double s) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(s));
}

std::string words(const EndpointReply& reply) {
  return reply.detail.empty() ? reply.reason : reply.reason + ": " + reply.detail;
}

class Asker {
 public:
  Asker(const EndpointOptions& options, const std::vector<Question>& questions, std::size_t total,
        const AskObserver& observer)
      : options_(options),
        questions_(questions),
        total_(total),
        observer_(observer),
        attempts_(questions.size(), 0) {
    for (std::size_t i = 0; i < questions.size(); ++i) fresh_.push_back(i);
  }

  AskReport run(const StopRequest* stop) {
    while (report_.answered + report_.failed < questions_.size()) {
      stop_if_asked(stop);
      const Clock::time_point next = start_what_may();
      const auto patience = std::min<std::chrono::duration<double>>(
          next - Clock::now(), std::chrono::duration<double>(kPatience));
      for (HttpReply& reply : client_.wait(patience.count())) take(std::move(reply));
      if (observer_.progress) observer_.progress(report_);
    }
    return report_;
  }

 private:
  // Starts the requests whose time has come; when the next may start.
  Clock::time_point start_what_may() {
    const Clock::time_point now = Clock::now(), never = now + std::chrono::hours(1);
    while (client_.running() < static_cast<std::size_t>(options_.concurrency)) {
      const bool retry = !waiting_.empty() && waiting_.begin()->first <= now;
      if (!retry && fresh_.empty()) return waiting_.empty() ? never : waiting_.begin()->first;
      if (next_start_ > now) return next_start_;
      start(retry ? waiting_.begin()->second : fresh_.front());
      if (retry) waiting_.erase(waiting_.begin());
      else fresh_.pop_front();
      if (options_.requests_per_minute > 0)
        next_start_ = now + seconds(60.0 / static_cast<double>(options_.requests_per_minute));
    }
    return never;
  }

  void start(std::size_t index) {
    ++attempts_[index];
    ++report_.requests;
    client_.start(index, completion_request(options_, questions_[index]));
  }

  void take(HttpReply http) {
    const std::size_t index = http.id;
    const HttpFault fault = http.fault;
    const long status = http.status;
    EndpointReply reply = read_reply(options_, std::move(http));
    if (reply.kind == EndpointReply::Kind::answer) return end(index, std::move(reply));
    if (report_.answered == 0) check_usable(fault, status, reply);
    if (reply.kind != EndpointReply::Kind::again || attempts_[index] > options_.retries)
      return end(index, std::move(reply));
    retry(index, reply);
  }

  void retry(std::size_t index, const EndpointReply& reply) {
    if (reply.retry_after > kLongestWait) {
      throw Failure("the endpoint asks to wait for " +
                        std::to_string(static_cast<std::int64_t>(reply.retry_after)) +
                        " seconds (" + words(reply) + ")",
                    "try again then");
    }
    const Clock::time_point now = Clock::now();
    const Clock::time_point asked = now + seconds(reply.retry_after);
    waiting_.emplace(
        std::max(asked, now + seconds(backoff_seconds(questions_[index], attempts_[index] + 1))),
        index);
    if (reply.retry_after > 0 && asked > next_start_) {
      next_start_ = asked;
      if (observer_.noted && reply.retry_after >= 5)
        observer_.noted("the endpoint asks to wait for " +
                        std::to_string(static_cast<std::int64_t>(reply.retry_after)) +
                        " seconds (" + words(reply) + ")");
    }
  }

  void end(std::size_t index, EndpointReply reply) {
    const bool failed = reply.kind != EndpointReply::Kind::answer;
    ++(failed ? report_.failed : report_.answered);
    const std::string why = words(reply);
    if (observer_.ended) observer_.ended({questions_[index], std::move(reply), attempts_[index]});
    if (failed) check_failures(why);
  }

  void check_failures(const std::string& why) const {
    const bool none_known = questions_.size() == total_;
    const bool hopeless = none_known && report_.answered == 0 &&
                          report_.failed >= std::min(kHopeless, questions_.size());
    if (!hopeless &&
        static_cast<double>(report_.failed) <= options_.max_failed * static_cast<double>(total_))
      return;
    const std::string count = std::to_string(report_.failed) + " of " +
                              std::to_string(report_.failed + report_.answered) +
                              " completions failed";
    throw Failure(
        count + ", the last with " + why,
        hopeless ? "see what the endpoint says; fields of the request are set by --max-tokens, "
                   "--temperature and --body"
                 : "--max-failed allows more than " + real_text(options_.max_failed) + " of all");
  }

  // What a first reply says of the command line.
  void check_usable(HttpFault fault, long status, const EndpointReply& reply) {
    const std::string url = request_url(options_.url, options_.chat);
    if (fault == HttpFault::resolve)
      throw Error("the host of " + url + " is not found: " + reply.detail,
                  "check the address, and that this machine is online");
    if (fault == HttpFault::connect)
      throw Error("nothing answers at " + url + ": " + reply.detail,
                  "is the server running, and are host and port those of --endpoint?");
    if (fault == HttpFault::tls)
      throw Error("no trusted connection to " + url + ": " + reply.detail,
                  "a server without TLS has an http:// address; certificates are checked against "
                  "those of the package ca-certificates, or of --ca-file");
    if (reply.kind != EndpointReply::Kind::unusable) return;
    if (status == 401 || status == 403)
      throw Error("the endpoint refuses the key: " + words(reply),
                  options_.key.empty() ? "set " + options_.key_name +
                                             " to a key, or name its variable with --key-env"
                                       : "check the key in " + options_.key_name);
    if (status >= 300 && status < 400)
      throw Error(url + " is another place now: " + words(reply),
                  "give that address to --endpoint");
    throw Error(
        "no such model or address: " + words(reply),
        "asked was " + url + " for the model \"" + options_.model + "\"; " + known_models());
  }

  // What the endpoint offers, for the hint of a wrong name.
  std::string known_models() {
    HttpRequest request = completion_request(options_, {});
    request.url = request.url.substr(
                      0, request.url.rfind(options_.chat ? "/chat/completions" : "/completions")) +
                  "/models";
    request.body.clear();
    request.timeout = std::min(options_.timeout, 5.0);
    HttpClient client;
    client.start(0, std::move(request));
    const Clock::time_point last = Clock::now() + seconds(6);
    std::vector<HttpReply> replies;
    while (replies.empty() && Clock::now() < last) replies = client.wait(1);
    const Json json =
        replies.empty() ? Json() : json_if_valid(replies.front().body).value_or(Json());
    std::vector<std::string> names;
    if (json.is_object() && json.contains("data") && json["data"].is_array()) {
      for (const Json& entry : json["data"]) {
        if (entry.is_object() && entry.contains("id") && entry["id"].is_string())
          names.push_back(entry["id"]);
      }
    }
    if (names.empty()) return "the address of --endpoint usually ends in /v1";
    const std::string nearest = nearest_name(options_.model, names);
    if (!nearest.empty())
      return server_words("did you mean the model \"" + nearest + "\"?", options_.key);
    std::string list = "it has " + names[0];
    for (std::size_t i = 1; i < names.size(); ++i) list += ", " + names[i];
    return server_words(list, options_.key);
  }

  const EndpointOptions& options_;
  const std::vector<Question>& questions_;
  const std::size_t total_;
  const AskObserver& observer_;
  HttpClient client_;
  AskReport report_;
  std::vector<std::int64_t> attempts_;                     // of each question, so far
  std::deque<std::size_t> fresh_;                          // not asked yet
  std::multimap<Clock::time_point, std::size_t> waiting_;  // to be asked again
  Clock::time_point next_start_{};                         // no request before this
};

}  // namespace

AskReport ask_endpoint(const EndpointOptions& options, const std::vector<Question>& questions,
                       std::size_t total, const AskObserver& observer, const StopRequest* stop) {
  return Asker(options, questions, total, observer).run(stop);
}

}  // namespace tinyzero
