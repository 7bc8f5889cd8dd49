// Numbers as Python computes them: unbounded integers, doubles and complex numbers, with Python's
// promotions and errors. A departure: integers above 65,536 bits, for which Python would take long,
// are an error here.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <complex>
#include <stdexcept>
#include <variant>

namespace tinyzero::countdown {

using BigInteger = boost::multiprecision::cpp_int;

// Anything that makes Python raise: division by zero, overflow, an operation that the types lack.
class PythonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class PythonValue {
 public:
  PythonValue() = default;
  PythonValue(BigInteger value) : value_(std::move(value)) {}  // NOLINT: literals
  PythonValue(double value) : value_(value) {}                 // NOLINT
  PythonValue(std::complex<double> value) : value_(value) {}   // NOLINT

  PythonValue negated() const;

  // + - * / and, for the two-character operators, 'F' (//) and 'P' (**). Throws PythonError.
  static PythonValue apply(char op, const PythonValue& a, const PythonValue& b);

  // abs(value - target) < tolerance, exactly for integers.
  bool is_near(std::int64_t target, double tolerance) const;

 private:
  bool is_integer() const { return value_.index() == 0; }
  bool is_complex() const { return value_.index() == 2; }
  double as_double() const;  // only for integers and doubles; throws on overflow
  std::complex<double> as_complex() const;

  std::variant<BigInteger, double, std::complex<double>> value_;
};

}  // namespace tinyzero::countdown
