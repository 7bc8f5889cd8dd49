// A few threads that work on one thing together.
#pragma once

#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace tinyzero {

// Runs work(0) … work(n-1), each on its own thread (work(0) on the caller's), and waits for all
// of them. Rethrows the first exception.
template <class Work>
void run_workers(std::int64_t n, const Work& work) {
  std::mutex mutex;
  std::exception_ptr first;
  const auto guarded = [&](std::int64_t i) {
    try {
      work(i);
    } catch (...) {  // rethrown below, on the caller's thread
      const std::lock_guard lock(mutex);
      if (!first) first = std::current_exception();
    }
  };
  std::vector<std::jthread> threads;
  for (std::int64_t i = 1; i < n; ++i) threads.emplace_back(guarded, i);
  if (n > 0) guarded(0);
  threads.clear();
  if (first) std::rethrow_exception(first);
}

}  // namespace tinyzero
