// Ranks that are threads of this process: for tests of what ranks exchange.
#pragma once

#include <algorithm>
#include <barrier>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include "core/ranks/ranks.h"

namespace tinyzero {

class ThreadGroup {
 public:
  explicit ThreadGroup(std::int64_t size) : barrier(size), bytes(size), slices(size) {}
  std::barrier<> barrier;
  std::vector<std::string> bytes;
  std::vector<const RankSlices*> slices;
  std::span<const char> sent;
  std::unique_ptr<ThreadGroup> aside;  // of exchanges on other threads
  std::once_flag makes_aside;
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
  Ranks& aside() override {
    std::call_once(group_.makes_aside,
                   [&] { group_.aside = std::make_unique<ThreadGroup>(size()); });
    if (!aside_) aside_ = std::make_unique<ThreadRank>(*group_.aside, rank_);
    return *aside_;
  }
  bool tell_failed() override { return true; }
  void tell_noticed() override {}

 protected:
  void swap(const std::string&, const RankSlices& sent, const RankSlices& came) override {
    group_.slices[rank_] = &sent;
    group_.barrier.arrive_and_wait();
    auto to = came.values.begin();
    for (const RankSlices* from : group_.slices) {
      const auto before = from->sizes.begin() + rank_;
      const std::int64_t first = std::accumulate(from->sizes.begin(), before, std::int64_t{0});
      to = std::ranges::copy(from->values.subspan(first, *before), to).out;
    }
    group_.barrier.arrive_and_wait();
  }

 private:
  ThreadGroup& group_;
  const std::int64_t rank_;
  std::unique_ptr<ThreadRank> aside_;
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
