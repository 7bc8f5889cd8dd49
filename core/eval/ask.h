// Asks an endpoint many questions at once, each until it is answered or has failed for good.
//
// Requests start in the order of the questions, and retries precede new ones. A request that may
// succeed later is tried again after backoff_seconds. If the server names a delay, all new requests
// wait for it. Everything runs on the caller's thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/stop.h"
#include "core/eval/endpoint.h"

namespace tinyzero {

// A question that has ended. `reply` is the last one; its kind is not `answer` if it failed.
struct Asked {
  const Question& question;
  EndpointReply reply;
  std::int64_t attempts = 1;
};

struct AskReport {
  std::size_t answered = 0;  // questions
  std::size_t failed = 0;    // questions
  std::size_t requests = 0;
};

struct AskObserver {
  std::function<void(const Asked&)> ended;         // once for each question
  std::function<void(const AskReport&)> progress;  // a few times a second
  std::function<void(const std::string&)> noted;   // a message: why it waits
};

// Throws Error, before the first answer, if the endpoint cannot be used as given (address, key,
// model, TLS). Throws Failure if it fails too often: more than max_failed of `total` completions,
// or the first few before any answer. Throws Interrupted when `stop` asks for it; requests under
// way are given up.
AskReport ask_endpoint(const EndpointOptions& options, const std::vector<Question>& questions,
                       std::size_t total, const AskObserver& observer,
                       const StopRequest* stop = nullptr);

}  // namespace tinyzero
