// Ending long work early, where a person or the system asks for it.
#pragma once

#include <atomic>
#include <exception>

namespace tinyzero {

// How often it was asked, by whatever thread or signal.
using StopWish = std::atomic<int>;

// Thrown by work that ends early. What the work was to change is as it was before, unless the work
// says otherwise.
class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

// Called where work can end. Null: nobody can ask.
inline void stop_if_asked(const StopWish* wish) {
  if (wish != nullptr && wish->load(std::memory_order_relaxed) > 0) throw Interrupted();
}

}  // namespace tinyzero
