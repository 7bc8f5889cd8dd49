// Values in floating point, to tell apart what exact arithmetic leaves open: answers are called
// different if they are far apart, but never equal because they are close.
#pragma once

#include <complex>
#include <string>

#include "tasks/dataset/math/sum.h"

namespace tinyzero::dataset {

class Estimate {
 public:
  explicit Estimate(const OpaqueValues& opaque) : opaque_(opaque) {}

  // Of two sums whose coefficients differ.
  Sameness compare(const Sum& a, const Sum& b) const;
  // NaN where there is no real value. Variables have values of their own, somewhere from 1 to 3.
  double real(const Scalar& value) const;
  double function(const std::string& name, const Scalar& argument) const;

 private:
  using Complex = std::complex<double>;
  struct Total {
    Complex value = 0;
    double magnitude = 0;  // of all terms, which bounds the error
  };

  Total total(const Sum& sum) const;
  Complex value_of(const std::string& symbol) const;
  bool is_exact(const Sum& sum) const;

  const OpaqueValues& opaque_;
};

}  // namespace tinyzero::dataset
