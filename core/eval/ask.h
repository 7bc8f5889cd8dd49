// Asking an endpoint many questions at once, and each until it is answered or has failed for good.
//
// Requests start in the order of the questions; a retry goes before new ones. A request that may go
// better later is tried again after backoff_seconds, or after what the server asks for, for which
// all new requests wait. Everything runs on the caller's thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/stop.h"
#include "core/eval/endpoint.h"

namespace tinyzero {

// A question that has ended. Of a failed one (kind is not `answer`), the reply is the last.
struct Asked {
  const Question& question;
  EndpointReply reply;
  std::int64_t attempts = 1;
};

struct AskReport {
  std::size_t answered = 0, failed = 0;  // questions
  std::size_t requests = 0;
};

struct AskObserver {
  std::function<void(const Asked&)> ended;         // once for each question
  std::function<void(const AskReport&)> progress;  // a few times a second
  std::function<void(const std::string&)> noted;   // in words: why it waits
};

// Throws Error if the endpoint cannot be used as it was given (address, key, model, TLS), which
// shows before the first answer, and Failure if it fails too often: more than max_failed of `total`
// completions, or the first few when none was answered before. Interrupted where `stop` asks for
// it: requests under way are given up.
AskReport ask_endpoint(const EndpointOptions& options, const std::vector<Question>& questions,
                       std::size_t total, const AskObserver& observer,
                       const StopWish* stop = nullptr);

}  // namespace tinyzero
