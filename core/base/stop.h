// Ending long work early at the request of a person or the system.
#pragma once

#include <atomic>
#include <exception>

namespace tinyzero {

// Number of requests so far, from any thread or signal.
using StopRequest = std::atomic<int>;

// Thrown by work that ends early. The work leaves its data unchanged unless it documents otherwise.
class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

// Called where work can end. A null `wish` never stops it.
inline void stop_if_asked(const StopRequest* wish) {
  if (wish != nullptr && wish->load(std::memory_order_relaxed) > 0) throw Interrupted();
}

}  // namespace tinyzero
