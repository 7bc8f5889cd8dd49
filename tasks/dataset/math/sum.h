// Sums with roots, constants and variables, whose form decides whether they are equal.
//
// A sum has a rational coefficient for each monomial; a monomial is a product of symbols with
// rational exponents. Symbols are
//   2, 3, 5, …   the bases of roots, with exponents between 0 and 1: sqrt(12) is 2 * 3^(1/2)
//   pi, e, i, infinity and variables
//   ln(2), …     functions and roots of sums, which stay as they are: "opaque"
// Products of roots of different primes are linearly independent over the rationals (Besicovitch
// 1940), and pi is transcendental. So without opaque symbols, sums are equal exactly if their
// coefficients are.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "tinyzero/rational.h"

namespace tinyzero::dataset {

// The value cannot be computed here.
class Undecided : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Factor {
  std::string symbol;
  Rational exponent;
};
using Monomial = std::vector<Factor>;  // by symbol, each once

struct MonomialOrder {
  bool operator()(const Monomial& a, const Monomial& b) const;
};
using Sum = std::map<Monomial, Rational, MonomialOrder>;  // without coefficients that are 0

// A quotient of two sums.
struct Scalar {
  Sum top;
  Sum bottom = {{{}, 1}};
};

inline const Sum kOne = {{{}, 1}};

enum class Sameness { same, different, unknown };

// Approximate values of opaque symbols; NaN: unknown.
using OpaqueValues = std::map<std::string, double>;

bool same(const Monomial& a, const Monomial& b);
bool same(const Sum& a, const Sum& b);
// Whether a is a rational multiple of b, other than 0.
bool is_multiple(const Sum& a, const Sum& b);

// Rational arithmetic that throws Undecided where there is no value, or none that fits.
Rational computed(Rational a, char op, const Rational& b);

// The rational that a scalar is. Throws Undecided if it is none.
Rational rational_of(const Scalar& value);
bool is_rational(const Scalar& value);
// A text that is the same for the same quotient.
std::string text_of(const Scalar& value);

}  // namespace tinyzero::dataset
