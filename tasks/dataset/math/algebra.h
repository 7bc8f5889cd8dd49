// Exact arithmetic on the sums of sum.h, and their quotients: what the grade `math` computes with.
//
// Quotients are compared by cross products. Every operation is bounded. One that would take more,
// or that has no single value (the square root of x^2), throws Undecided.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/dataset/math/sum.h"

namespace tinyzero::dataset {

class Algebra {
 public:
  static Scalar number(const Rational& value) { return {sum_of({}, value)}; }
  static Scalar symbol(const std::string& name) { return {sum_of({{name, 1}}, 1)}; }

  Scalar add(const Scalar& a, const Scalar& b);
  Scalar negative(const Scalar& a);
  Scalar multiply(const Scalar& a, const Scalar& b);
  Scalar divide(const Scalar& a, const Scalar& b);
  Scalar power(const Scalar& base, const Scalar& exponent);
  Scalar root(const Scalar& base, std::int64_t degree);
  // Logarithms of numbers are sums of those of primes; most other functions stay as they are.
  Scalar function(const std::string& name, const Scalar& argument);
  Scalar factorial(const Scalar& n);
  Scalar binomial(const Scalar& n, const Scalar& k);

  Sameness compare(const Scalar& a, const Scalar& b);

 private:
  static Sum sum_of(const Monomial& monomial, const Rational& coefficient);
  void spend(std::int64_t work);
  void add_to(Sum& sum, const Monomial& monomial, const Rational& coefficient);
  Sum add(Sum a, const Sum& b);
  Sum multiply(const Sum& a, const Sum& b);
  void multiply(Monomial& monomial, Rational& coefficient, const Factor& factor);
  Scalar simplified(Scalar value);
  Scalar power(const Scalar& base, std::int64_t exponent);
  Sum term_power(const Sum& term, const Rational& exponent);
  void rational_power(Monomial& monomial, Rational& coefficient, Rational::Integer base,
                      const Rational& exponent);
  Rational negative_root(Monomial& monomial, Rational& coefficient, const Rational& exponent);
  struct PrimePower {
    Rational prime;
    std::int64_t times;
  };
  std::vector<PrimePower> factors_of(Rational::Integer n);
  Scalar logarithm(const Rational& value);
  Scalar opaque(const std::string& name, double value);

  std::int64_t work_ = 0;  // products of terms so far
  OpaqueValues opaque_;
};

}  // namespace tinyzero::dataset
