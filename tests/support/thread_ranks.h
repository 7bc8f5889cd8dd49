// Ranks that are threads of this process: for tests of what ranks exchange.
#pragma once

#include <algorithm>
#include <barrier>
#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "core/ranks/ranks.h"

namespace tinyzero {

class ThreadGroup {
 public:
  explicit ThreadGroup(std::int64_t size) : barrier(size), bytes(size), floats(size) {}
  std::barrier<> barrier;
  std::vector<std::string> bytes;
  std::vector<std::span<const float>> floats;
  std::span<const char> sent;
};

class ThreadRank : public Ranks {
 public:
  ThreadRank(ThreadGroup& group, std::int64_t rank) : group_(group), rank_(rank) {}
  std::int64_t rank() const override { return rank_; }
  std::int64_t size() const override { return std::ssize(group_.bytes); }
  std::vector<std::string> gather(const std::string&, const std::string& bytes) override {
    group_.bytes[rank_] = bytes;
    group_.barrier.arrive_and_wait();
    std::vector<std::string> all = group_.bytes;
    group_.barrier.arrive_and_wait();
    return all;
  }
  void send_to_first(const std::string&, std::int64_t from, std::span<char> bytes) override {
    if (rank_ == from) group_.sent = bytes;
    group_.barrier.arrive_and_wait();
    if (is_first()) std::ranges::copy(group_.sent, bytes.begin());
    group_.barrier.arrive_and_wait();
  }
  std::string host_of(std::int64_t) const override { return "here"; }
  bool tell_failed() override { return true; }
  void tell_noticed() override {}

 protected:
  void swap_slices(const std::string&, std::span<const float> from, std::span<float> to) override {
    const std::size_t slice = from.size() / size();
    exchange(from, [&](std::int64_t r) {
      std::ranges::copy(group_.floats[r].subspan(rank_ * slice, slice), to.begin() + r * slice);
    });
  }
  void gather_slices(const std::string&, std::span<const float> own,
                     std::span<float> all) override {
    exchange(own, [&](std::int64_t r) {
      std::ranges::copy(group_.floats[r], all.begin() + r * own.size());
    });
  }

 private:
  void exchange(std::span<const float> own, const std::function<void(std::int64_t)>& take) {
    group_.floats[rank_] = own;
    group_.barrier.arrive_and_wait();
    for (std::int64_t r = 0; r < size(); ++r) take(r);
    group_.barrier.arrive_and_wait();
  }

  ThreadGroup& group_;
  const std::int64_t rank_;
};

// Does `work` on so many ranks at once. Rethrows the exception of the first rank that has one.
inline void on_ranks(std::int64_t size, const std::function<void(Ranks&)>& work) {
  ThreadGroup group(size);
  std::vector<std::exception_ptr> errors(size);
  std::vector<std::thread> threads;
  for (std::int64_t r = 0; r < size; ++r) {
    threads.emplace_back([&, r] {
      ThreadRank rank(group, r);
      try {
        work(rank);
      } catch (...) {
        errors[r] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace tinyzero
