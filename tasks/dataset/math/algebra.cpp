#include "tasks/dataset/math/algebra.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tasks/dataset/math/estimate.h"
#include "tinyzero/ascii.h"

namespace tinyzero::dataset {
namespace {

constexpr std::int64_t kMostWork = 20000;      // products of terms, for a reference and an answer
constexpr std::size_t kMostTerms = 64;         // of a sum
constexpr std::int64_t kLargestExponent = 64;  // of a symbol
constexpr std::int64_t kLargestPower = 200;    // of a number
constexpr std::int64_t kLargestDegree = 12;    // of a root
constexpr std::int64_t kLargestPrime = 2000;   // that factors are looked for up to
constexpr std::int64_t kFactoring = 500;       // work of factoring a number
constexpr const char* kImaginary = "i";

// The largest integer that is not above `value`.
std::int64_t floor_of(const Rational& value) {
  const Rational::Integer whole = value.numerator() / value.denominator();
  const bool below = value.numerator() < 0 && whole * value.denominator() != value.numerator();
  const Rational::Integer floor = whole - (below ? 1 : 0);
  if (floor > kLargestPower || floor < -kLargestPower) throw Undecided("an exponent is too large");
  return static_cast<std::int64_t>(floor);
}

Rational power_of(Rational base, std::int64_t exponent) {
  if (exponent < 0) return power_of(computed(1, '/', base), -exponent);
  Rational out = 1;
  for (std::int64_t i = 0; i < exponent; ++i) out = computed(out, '*', base);
  return out;
}

// Symbols that are numbers are the bases of roots.
bool is_number(const std::string& symbol) { return is_ascii_digit(symbol[0]); }

Rational number_of(const std::string& symbol) {
  Rational out;
  for (const char digit : symbol)
    out = computed(computed(out, '*', 10), '+', std::int64_t{digit - '0'});
  return out;
}

bool is_positive(const std::string& symbol) {
  return is_number(symbol) || symbol == "pi" || symbol == "e";
}

Rational::Integer magnitude(Rational::Integer n) { return n < 0 ? -n : n; }

Rational rational(Rational::Integer n) {
  constexpr std::int64_t kHalf = std::int64_t{1} << 62;
  return computed(computed(static_cast<std::int64_t>(n / kHalf), '*', kHalf), '+',
                  static_cast<std::int64_t>(n % kHalf));
}

Rational::Integer square_root(Rational::Integer n) {
  auto root = static_cast<Rational::Integer>(std::sqrt(static_cast<double>(n)));
  while (root * root > n) --root;
  while ((root + 1) * (root + 1) <= n) ++root;
  return root;
}

bool is_single(const Sum& sum) { return sum.size() == 1; }

}  // namespace

void Algebra::spend(std::int64_t work) {
  work_ += work;
  if (work_ > kMostWork) throw Undecided("it takes too long");
}

Sum Algebra::sum_of(const Monomial& monomial, const Rational& coefficient) {
  return coefficient == Rational(0) ? Sum() : Sum{{monomial, coefficient}};
}

void Algebra::add_to(Sum& sum, const Monomial& monomial, const Rational& coefficient) {
  const auto [term, is_new] = sum.try_emplace(monomial, coefficient);
  if (!is_new) term->second = computed(term->second, '+', coefficient);
  if (term->second == Rational(0)) sum.erase(term);
  if (sum.size() > kMostTerms) throw Undecided("a sum has too many terms");
}

Sum Algebra::add(Sum a, const Sum& b) {
  for (const auto& [monomial, coefficient] : b) add_to(a, monomial, coefficient);
  return a;
}

// Multiplies coefficient and monomial by a factor, and keeps the rules of exponents: those of
// numbers lie between 0 and 1, and i^2 = -1.
void Algebra::multiply(Monomial& monomial, Rational& coefficient, const Factor& factor) {
  const auto at = std::lower_bound(
      monomial.begin(), monomial.end(), factor.symbol,
      [](const Factor& f, const std::string& symbol) { return f.symbol < symbol; });
  const bool is_there = at != monomial.end() && at->symbol == factor.symbol;
  Rational exponent = is_there ? computed(at->exponent, '+', factor.exponent) : factor.exponent;
  const std::int64_t whole = floor_of(exponent);
  if (is_number(factor.symbol)) {
    coefficient = computed(coefficient, '*', power_of(number_of(factor.symbol), whole));
    exponent = computed(exponent, '-', whole);
  } else if (factor.symbol == kImaginary) {
    if ((whole & 2) != 0) coefficient = computed(0, '-', coefficient);
    exponent = whole & 1;
  } else if (whole > kLargestExponent || whole < -kLargestExponent) {
    throw Undecided("an exponent is too large");
  }
  if (exponent == Rational(0)) {
    if (is_there) monomial.erase(at);
  } else if (is_there) {
    at->exponent = exponent;
  } else {
    monomial.insert(at, {factor.symbol, exponent});
  }
}

Sum Algebra::multiply(const Sum& a, const Sum& b) {
  Sum out;
  for (const auto& [monomial, coefficient] : a) {
    for (const auto& [other, by] : b) {
      spend(1 + std::ssize(other));
      Monomial product = monomial;
      Rational scale = computed(coefficient, '*', by);
      for (const Factor& factor : other) multiply(product, scale, factor);
      add_to(out, product, scale);
    }
  }
  return out;
}

// A quotient by a single term becomes a sum.
Scalar Algebra::simplified(Scalar value) {
  if (value.bottom.empty()) throw Undecided("a division by zero");
  if (value.top.empty()) return {};
  if (!is_single(value.bottom)) return value;
  const auto& [monomial, coefficient] = *value.bottom.begin();
  Monomial inverse;
  Rational scale = computed(1, '/', coefficient);
  for (const Factor& factor : monomial)
    multiply(inverse, scale, {factor.symbol, computed(0, '-', factor.exponent)});
  return {multiply(value.top, sum_of(inverse, scale))};
}

Scalar Algebra::add(const Scalar& a, const Scalar& b) {
  if (same(a.bottom, b.bottom)) return simplified({add(a.top, b.top), a.bottom});
  return simplified(
      {add(multiply(a.top, b.bottom), multiply(b.top, a.bottom)), multiply(a.bottom, b.bottom)});
}

Scalar Algebra::negative(const Scalar& a) { return multiply(a, number(-1)); }

Scalar Algebra::multiply(const Scalar& a, const Scalar& b) {
  return simplified({multiply(a.top, b.top), multiply(a.bottom, b.bottom)});
}

Scalar Algebra::divide(const Scalar& a, const Scalar& b) {
  return simplified({multiply(a.top, b.bottom), multiply(a.bottom, b.top)});
}

Scalar Algebra::opaque(const std::string& name, double value) {
  opaque_.emplace(name, value);
  return symbol(name);
}

Scalar Algebra::power(const Scalar& base, const Scalar& exponent) {
  const auto unknown = [&] {
    return opaque("(" + text_of(base) + ")^(" + text_of(exponent) + ")",
                  std::numeric_limits<double>::quiet_NaN());
  };
  if (!is_rational(exponent)) return unknown();
  const Rational by = rational_of(exponent);
  if (by.is_integer() && is_rational(base)) {  // 2^2005 stays as it is
    try {
      return power(base, floor_of(by));
    } catch (const Undecided&) {
      return unknown();
    }
  }
  if (by.denominator() > kLargestDegree) throw Undecided("a root of an unusual degree");
  const std::int64_t times = floor_of(computed(by, '*', rational(by.denominator())));
  if (by.is_integer()) return power(base, times);
  return power(root(base, static_cast<std::int64_t>(by.denominator())), times);
}

Scalar Algebra::power(const Scalar& base, std::int64_t exponent) {
  if (exponent < 0) return divide(number(1), power(base, -exponent));
  if (is_rational(base)) return number(power_of(rational_of(base), exponent));
  if (exponent > kLargestExponent) throw Undecided("an exponent is too large");
  Scalar out = number(1);
  for (std::int64_t i = 0; i < exponent; ++i) out = multiply(out, base);
  return out;
}

Scalar Algebra::root(const Scalar& base, std::int64_t degree) {
  if (degree < 2 || degree > kLargestDegree) throw Undecided("a root of an unusual degree");
  if (base.top.empty()) return base;
  Rational exponent = 1;
  exponent = computed(exponent, '/', degree);
  if (is_single(base.top) && same(base.bottom, kOne)) return {term_power(base.top, exponent)};
  const std::string name = "(" + text_of(base) + ")";
  opaque_.emplace(name, Estimate(opaque_).real(base));
  return {sum_of({{name, exponent}}, 1)};
}

// A root of a single term.
Sum Algebra::term_power(const Sum& term, const Rational& exponent) {
  const auto& [monomial, coefficient] = *term.begin();
  const bool is_odd = exponent.denominator() % 2 == 1;
  Monomial out;
  Rational scale = 1;
  if (coefficient.numerator() < 0) scale = negative_root(out, scale, exponent);
  rational_power(out, scale, magnitude(coefficient.numerator()), exponent);
  rational_power(out, scale, coefficient.denominator(), computed(0, '-', exponent));
  for (const Factor& factor : monomial) {
    const bool has_odd_power = factor.exponent.is_integer() && factor.exponent.numerator() % 2 != 0;
    if (!is_positive(factor.symbol) &&
        (factor.symbol == kImaginary ||
         !(has_odd_power || (is_odd && factor.exponent.is_integer()))))
      throw Undecided("a root without a single value");
    multiply(out, scale, {factor.symbol, computed(factor.exponent, '*', exponent)});
  }
  return sum_of(out, scale);
}

// A root of -1.
Rational Algebra::negative_root(Monomial& monomial, Rational& coefficient,
                                const Rational& exponent) {
  if (exponent.denominator() % 2 == 1) return computed(0, '-', coefficient);
  if (exponent.denominator() != 2) throw Undecided("a complex root");
  multiply(monomial, coefficient, {kImaginary, 1});
  return coefficient;
}

// The prime factors of a positive integer and how often each occurs. What is left without small
// factors counts as one factor, or two equal ones.
std::vector<Algebra::PrimePower> Algebra::factors_of(Rational::Integer n) {
  spend(n == 1 ? 1 : kFactoring);
  std::vector<PrimePower> out;
  for (std::int64_t prime = 2; prime <= kLargestPrime && n > 1; prime += prime == 2 ? 1 : 2) {
    std::int64_t times = 0;
    for (; n % prime == 0; n /= prime) ++times;
    if (times > 0) out.push_back({prime, times});
  }
  if (n == 1) return out;
  const Rational::Integer root = square_root(n);
  const bool is_square = root * root == n;
  out.push_back({rational(is_square ? root : n), is_square ? 2 : 1});
  return out;
}

// Multiplies by a power of a positive integer.
void Algebra::rational_power(Monomial& monomial, Rational& coefficient, Rational::Integer base,
                             const Rational& exponent) {
  for (const auto& [prime, times] : factors_of(base))
    multiply(monomial, coefficient, {to_string(prime), computed(exponent, '*', times)});
}

// The logarithm of a rational number, by those of its prime factors.
Scalar Algebra::logarithm(const Rational& value) {
  if (value.numerator() <= 0) throw Undecided("a logarithm of what is not positive");
  Scalar out;
  const auto add_all = [&](Rational::Integer n, std::int64_t sign) {
    for (const auto& [prime, times] : factors_of(n)) {
      const Scalar of_prime = opaque("ln(" + to_string(prime) + ")", std::log(to_double(prime)));
      out = add(out, multiply(of_prime, number(sign * times)));
    }
  };
  add_all(value.numerator(), 1);
  add_all(value.denominator(), -1);
  return out;
}

Scalar Algebra::function(const std::string& name, const Scalar& argument) {
  if (name == "log") return divide(function("ln", argument), function("ln", number(10)));
  if (name.starts_with("log_") && std::all_of(name.begin() + 4, name.end(), is_ascii_digit))
    return divide(function("ln", argument), function("ln", number(number_of(name.substr(4)))));
  if (is_rational(argument)) {
    const Rational value = rational_of(argument);
    if (name == "ln") return logarithm(value);
    if (name == "abs") return value.numerator() < 0 ? negative(argument) : argument;
    if (value == Rational(0) && (name == "sin" || name == "tan")) return argument;
  }
  return opaque(name + "(" + text_of(argument) + ")", Estimate(opaque_).function(name, argument));
}

Scalar Algebra::factorial(const Scalar& n) {
  const Rational value = rational_of(n);
  if (!value.is_integer() || value.numerator() < 0 || value.numerator() > kLargestPower)
    throw Undecided("a factorial of no small integer");
  Rational out = 1;
  for (std::int64_t i = 2; i <= value.numerator(); ++i) out = computed(out, '*', i);
  return number(out);
}

Scalar Algebra::binomial(const Scalar& n, const Scalar& k) {
  const Rational all = rational_of(n), some = rational_of(k);
  if (!all.is_integer() || !some.is_integer() || some.numerator() < 0 ||
      some.numerator() > kLargestPower)
    throw Undecided("a binomial of no small integers");
  Rational out = 1;
  for (std::int64_t i = 0; i < some.numerator(); ++i)
    out = computed(computed(out, '*', computed(all, '-', i)), '/', i + 1);
  return number(out);
}

Sameness Algebra::compare(const Scalar& a, const Scalar& b) {
  const Sum left = multiply(a.top, b.bottom), right = multiply(b.top, a.bottom);
  if (same(left, right)) return Sameness::same;
  return Estimate(opaque_).compare(left, right);
}

}  // namespace tinyzero::dataset
