#include "tasks/dataset/math/estimate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "tasks/dataset/math/text_hash.h"
#include "tinyzero/ascii.h"
#include "tinyzero/number_text.h"

namespace tinyzero::dataset {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kApart = 1e-8;  // a relative difference that no rounding explains

// A value for a variable, which depends on nothing but its name.
double value_of_variable(const std::string& name) {
  return 1.0 + static_cast<double>(text_hash(name) >> 11) * 0x1.0p-52;
}

}  // namespace

Estimate::Complex Estimate::value_of(const std::string& symbol) const {
  const auto opaque = opaque_.find(symbol);
  if (opaque != opaque_.end()) return opaque->second;
  if (is_ascii_digit(symbol[0])) return parse_real(symbol).value_or(kNone);
  if (symbol == "pi") return std::numbers::pi;
  if (symbol == "e") return std::numbers::e;
  if (symbol == "i") return {0, 1};
  if (symbol == "infinity") return kNone;
  return value_of_variable(symbol);
}

Estimate::Total Estimate::total(const Sum& sum) const {
  Total out;
  for (const auto& [monomial, coefficient] : sum) {
    Complex term = to_double(coefficient);
    for (const Factor& factor : monomial)
      term *= std::pow(value_of(factor.symbol), to_double(factor.exponent));
    out.value += term;
    out.magnitude += std::abs(term);
  }
  return out;
}

// Whether different coefficients mean different values. Nobody knows whether pi and e are
// algebraically independent.
bool Estimate::is_exact(const Sum& sum) const {
  bool has_pi = false, has_e = false;
  for (const auto& [monomial, coefficient] : sum) {
    for (const Factor& factor : monomial) {
      if (opaque_.count(factor.symbol) > 0) return false;
      has_pi = has_pi || factor.symbol == "pi";
      has_e = has_e || factor.symbol == "e";
    }
  }
  return !(has_pi && has_e);
}

Sameness Estimate::compare(const Sum& a, const Sum& b) const {
  Sum all = a;
  all.insert(b.begin(), b.end());
  if (is_exact(all)) return Sameness::different;
  const Total left = total(a), right = total(b);
  const double apart = std::abs(left.value - right.value);
  const double magnitude = left.magnitude + right.magnitude;
  if (!std::isfinite(apart) || !std::isfinite(magnitude)) return Sameness::unknown;
  return apart > kApart * magnitude ? Sameness::different : Sameness::unknown;
}

double Estimate::real(const Scalar& value) const {
  const Complex out = total(value.top).value / total(value.bottom).value;
  return std::fabs(out.imag()) < kApart ? out.real() : kNone;
}

double Estimate::function(const std::string& name, const Scalar& argument) const {
  const double x = real(argument);
  if (name == "ln") return std::log(x);
  if (name == "abs") return std::fabs(x);
  if (name == "sin") return std::sin(x);
  if (name == "cos") return std::cos(x);
  if (name == "tan") return std::tan(x);
  return kNone;
}

}  // namespace tinyzero::dataset
