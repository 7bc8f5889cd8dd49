#include "core/base/team.h"

#include <algorithm>

namespace tinyzero {
namespace {

// Spinning takes about as long as a small matrix product; sleeping and waking would take longer.
constexpr int kSpins = 4000;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Returns once the value is no longer `old`.
void wait_while(const std::atomic<std::int64_t>& value, std::int64_t old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause();
  }
  value.wait(old);
}

}  // namespace

Team::Team(std::int64_t threads) {
  for (std::int64_t i = 1; i < threads; ++i) threads_.emplace_back([this, i] { help(i); });
}

Team::~Team() {
  ended_ = true;
  ++round_;
  round_.notify_all();
}

void Team::take_ranges(std::int64_t member) {
  for (std::int64_t first = next_.fetch_add(job_.grain); first < job_.count;
       first = next_.fetch_add(job_.grain))
    job_.call(job_.work, {first, std::min(first + job_.grain, job_.count), member});
}

void Team::run(const Job& job) {
  job_ = job;
  next_ = 0;
  inside_ = 0;
  ++round_;
  round_.notify_all();
  take_ranges(0);
  for (std::int64_t inside = inside_ -= kClosed; inside != -kClosed; inside = inside_)
    wait_while(inside_, inside);
}

void Team::help(std::int64_t member) {
  for (std::int64_t seen = 0; !ended_;) {
    wait_while(round_, seen);
    seen = round_;
    std::int64_t inside = inside_;
    while (inside >= 0 && !inside_.compare_exchange_weak(inside, inside + 1)) {
    }
    if (inside < 0) continue;
    take_ranges(member);
    if (--inside_ == -kClosed) inside_.notify_all();
  }
}

}  // namespace tinyzero
