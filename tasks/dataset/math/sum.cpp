#include "tasks/dataset/math/sum.h"

#include <algorithm>
#include <tuple>

namespace tinyzero::dataset {
namespace {

std::string text_of(const Sum& sum) {
  std::string out;
  for (const auto& [monomial, coefficient] : sum) {
    out += (out.empty() ? "" : " + ") + to_string(coefficient);
    for (const Factor& factor : monomial)
      out += "*" + factor.symbol + "^" + to_string(factor.exponent);
  }
  return sum.empty() ? "0" : out;
}

}  // namespace

bool MonomialOrder::operator()(const Monomial& a, const Monomial& b) const {
  return std::lexicographical_compare(
      a.begin(), a.end(), b.begin(), b.end(), [](const Factor& x, const Factor& y) {
        const auto rank = [](const Factor& f) {
          return std::make_tuple(f.symbol, f.exponent.numerator(), f.exponent.denominator());
        };
        return rank(x) < rank(y);
      });
}

bool same(const Monomial& a, const Monomial& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Factor& x, const Factor& y) {
    return x.symbol == y.symbol && x.exponent == y.exponent;
  });
}
bool same(const Sum& a, const Sum& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return same(x.first, y.first) && x.second == y.second;
  });
}

bool is_multiple(const Sum& a, const Sum& b) {
  if (a.empty() || a.size() != b.size()) return false;
  const Rational ratio = computed(a.begin()->second, '/', b.begin()->second);
  return std::equal(a.begin(), a.end(), b.begin(), [&](const auto& x, const auto& y) {
    return same(x.first, y.first) && x.second == computed(y.second, '*', ratio);
  });
}

Rational computed(Rational a, char op, const Rational& b) {
  const Rational::Status status = a.apply(op, b);
  if (status == Rational::Status::overflow) throw Undecided("a number is too large");
  if (status == Rational::Status::division_by_zero) throw Undecided("a division by zero");
  return a;
}

bool is_rational(const Scalar& value) {
  return same(value.bottom, kOne) &&
         (value.top.empty() || (value.top.size() == 1 && value.top.begin()->first.empty()));
}

Rational rational_of(const Scalar& value) {
  if (!is_rational(value)) throw Undecided("no rational number");
  return value.top.empty() ? Rational(0) : value.top.begin()->second;
}

std::string text_of(const Scalar& value) {
  const std::string top = text_of(value.top);
  return same(value.bottom, kOne) ? top : "(" + top + ")/(" + text_of(value.bottom) + ")";
}

}  // namespace tinyzero::dataset
