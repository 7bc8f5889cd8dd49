// Exact fractions of 126-bit integers. Arithmetic never rounds and never wraps: a result that does
// not fit is `overflow`.
#pragma once

#include <cstdint>
#include <string>

namespace tinyzero {

class Rational {
 public:
  using Integer = __int128;

  constexpr Rational() = default;
  constexpr Rational(std::int64_t value) : numerator_(value) {}  // NOLINT: an integer is a rational

  // Lowest terms, denominator > 0.
  constexpr Integer numerator() const { return numerator_; }
  constexpr Integer denominator() const { return denominator_; }
  constexpr bool is_integer() const { return denominator_ == 1; }

  friend constexpr bool operator==(const Rational& a, const Rational& b) {
    return a.numerator_ == b.numerator_ && a.denominator_ == b.denominator_;
  }

  enum class Status { ok, division_by_zero, overflow };

  // `*this` = `*this` op other, for op one of + - * /. On failure `*this` keeps its value.
  constexpr Status apply(char op, const Rational& other) {
    if (denominator_ == 1 && other.denominator_ == 1 && is_small(numerator_) &&
        is_small(other.numerator_)) {  // the common case
      if (op == '+') return numerator_ += other.numerator_, Status::ok;
      if (op == '-') return numerator_ -= other.numerator_, Status::ok;
      if (op == '*') return numerator_ *= other.numerator_, Status::ok;
    }
    Integer n = 0, d = 0;
    if (op == '/') {
      if (other.numerator_ == 0) return Status::division_by_zero;
      if (!multiply(numerator_, other.denominator_, n) ||
          !multiply(denominator_, other.numerator_, d))
        return Status::overflow;
    } else if (!multiply(denominator_, other.denominator_, d)) {
      return Status::overflow;
    } else if (op == '*') {
      if (!multiply(numerator_, other.numerator_, n)) return Status::overflow;
    } else {
      Integer left = 0, right = 0;
      if (!multiply(numerator_, other.denominator_, left) ||
          !multiply(other.numerator_, denominator_, right)) {
        return Status::overflow;
      }
      n = op == '+' ? left + right : left - right;  // both below 2^126: no wrap
      if (bits(n) > kMaxBits) return Status::overflow;
    }
    reduce(n, d);
    return Status::ok;
  }

 private:
  static constexpr int kMaxBits = 126;

  // Below 2^62, so that a product fits.
  static constexpr bool is_small(Integer x) {
    return static_cast<unsigned __int128>(x + (Integer{1} << 62)) >> 63 == 0;
  }
  static constexpr unsigned __int128 magnitude(Integer x) {
    return x < 0 ? -static_cast<unsigned __int128>(x) : static_cast<unsigned __int128>(x);
  }
  static constexpr int bits(Integer x) {
    const unsigned __int128 m = magnitude(x);
    const std::uint64_t high = static_cast<std::uint64_t>(m >> 64),
                        low = static_cast<std::uint64_t>(m);
    if (high != 0) return 128 - __builtin_clzll(high);
    return low != 0 ? 64 - __builtin_clzll(low) : 0;
  }
  // Refuses products that might need more than 126 bits (a product of a and b bits needs a+b or
  // a+b-1).
  static constexpr bool multiply(Integer a, Integer b, Integer& product) {
    if (bits(a) + bits(b) > kMaxBits) return false;
    product = a * b;
    return true;
  }
  static constexpr unsigned __int128 gcd(unsigned __int128 a, unsigned __int128 b) {
    while ((a >> 64) != 0 || (b >> 64) != 0) {
      if (b == 0) return a;
      const unsigned __int128 rest = a % b;
      a = b;
      b = rest;
    }
    std::uint64_t x = static_cast<std::uint64_t>(a), y = static_cast<std::uint64_t>(b);
    while (y != 0) {
      const std::uint64_t rest = x % y;
      x = y;
      y = rest;
    }
    return x;
  }
  constexpr void reduce(Integer n, Integer d) {
    if (d < 0) {
      n = -n;
      d = -d;
    }
    if (d != 1) {
      const Integer common = static_cast<Integer>(gcd(magnitude(n), magnitude(d)));
      n /= common;
      d /= common;
    }
    numerator_ = n;
    denominator_ = d;
  }

  Integer numerator_ = 0;
  Integer denominator_ = 1;
};

// "-7", or "7/2" if the value is not an integer.
inline std::string to_string(const Rational& value) {
  const auto digits = [](Rational::Integer n) {
    std::string out;
    const bool negative = n < 0;
    do
      out.insert(out.begin(),
                 static_cast<char>('0' + static_cast<int>(negative ? -(n % 10) : n % 10)));
    while ((n /= 10) != 0);
    return negative ? "-" + out : out;
  };
  return digits(value.numerator()) + (value.is_integer() ? "" : "/" + digits(value.denominator()));
}

// The nearest double, or one beside it.
inline constexpr double to_double(const Rational& value) {
  return static_cast<double>(value.numerator()) / static_cast<double>(value.denominator());
}

}  // namespace tinyzero
