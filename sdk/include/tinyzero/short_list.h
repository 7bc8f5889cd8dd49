// A list that takes no memory of its own while it is short: for what verify makes and forgets
// millions of times. (The SDK is free of libraries, so of Boost's small_vector too.)
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tinyzero {

template <class T, std::size_t N>
class ShortList {
 public:
  void push_back(const T& element) {
    if (size_ < N) {
      first_[size_] = element;
    } else {
      if (size_ == N) all_.assign(first_, first_ + N);
      all_.push_back(element);
    }
    ++size_;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T* begin() const { return size_ <= N ? first_ : all_.data(); }
  const T* end() const { return begin() + size_; }
  const T& operator[](std::size_t i) const { return begin()[i]; }
  operator std::vector<T>() const { return {begin(), end()}; }  // NOLINT: it is the same list
  friend bool operator==(const ShortList& a, const std::vector<T>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  T first_[N];  // the elements, while they fit
  std::vector<T> all_;
  std::size_t size_ = 0;
};

using Integers = ShortList<std::int64_t, 8>;

}  // namespace tinyzero
