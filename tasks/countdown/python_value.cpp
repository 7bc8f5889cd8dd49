#include "python_value.h"

#include <cmath>
#include <limits>

namespace tinyzero::countdown {
namespace {

constexpr int kMaxBits = 65536;

int bits(const BigInteger& x) { return x == 0 ? 0 : static_cast<int>(msb(abs(x))) + 1; }

BigInteger checked(BigInteger x) {
  if (bits(x) > kMaxBits) throw PythonError("integer too large");
  return x;
}

// The double nearest to numerator/denominator (ties to even), as Python's true division of
// integers.
double true_divide(const BigInteger& a, const BigInteger& b) {
  if (b == 0) throw PythonError("division by zero");
  const BigInteger n = abs(a), d = abs(b);
  if (n == 0) return 0.0;
  // The quotient has at least 65 bits, more than a double, so that it is rounded once: by its lower
  // bits and the remainder.
  const int shift = 65 - (bits(n) - bits(d));
  BigInteger quotient;
  BigInteger remainder;
  if (shift >= 0) divide_qr(BigInteger(n << shift), d, quotient, remainder);
  else divide_qr(n, BigInteger(d << -shift), quotient, remainder);
  const int exponent = bits(quotient) - 1 - shift;
  const int precision = std::min(53, exponent + 1075);  // subnormals have fewer bits
  if (precision < 0) return 0.0;
  const int drop = bits(quotient) - precision;
  const BigInteger low = quotient & ((BigInteger(1) << drop) - 1);
  const BigInteger half = BigInteger(1) << (drop - 1);
  BigInteger mantissa = quotient >> drop;
  if (low > half || (low == half && (remainder != 0 || (mantissa & 1) != 0))) ++mantissa;
  const double value = std::ldexp(mantissa.convert_to<std::uint64_t>(), drop - shift);
  if (std::isinf(value)) throw PythonError("integer division result too large for a float");
  return (a < 0) != (b < 0) ? -value : value;
}

BigInteger floor_divide(const BigInteger& a, const BigInteger& b) {
  if (b == 0) throw PythonError("division by zero");
  BigInteger quotient;
  BigInteger remainder;
  divide_qr(a, b, quotient, remainder);
  if (remainder != 0 && (remainder < 0) != (b < 0)) --quotient;
  return quotient;
}

double floor_divide(double a, double b) {
  if (b == 0) throw PythonError("float floor division by zero");
  const double remainder = std::fmod(a, b);
  double quotient = (a - remainder) / b;
  if (remainder != 0 && (b < 0) != (remainder < 0)) quotient -= 1.0;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1.0 : floored;
}

std::complex<double> power_unsigned(std::complex<double> x, long n) {
  std::complex<double> result = 1.0;
  for (long mask = 1; mask > 0 && n >= mask; mask <<= 1) {
    if ((n & mask) != 0) {
      result = {result.real() * x.real() - result.imag() * x.imag(),
                result.real() * x.imag() + result.imag() * x.real()};
    }
    x = {x.real() * x.real() - x.imag() * x.imag(), x.real() * x.imag() + x.imag() * x.real()};
  }
  return result;
}

// Smith's method, as CPython's _Py_c_quot.
std::complex<double> divide(std::complex<double> a, std::complex<double> b) {
  if (b == 0.0) throw PythonError("complex division by zero");
  if (std::fabs(b.real()) >= std::fabs(b.imag())) {
    const double ratio = b.imag() / b.real(), denominator = b.real() + b.imag() * ratio;
    return {(a.real() + a.imag() * ratio) / denominator,
            (a.imag() - a.real() * ratio) / denominator};
  }
  const double ratio = b.real() / b.imag(), denominator = b.real() * ratio + b.imag();
  return {(a.real() * ratio + a.imag()) / denominator, (a.imag() * ratio - a.real()) / denominator};
}

std::complex<double> power(std::complex<double> a, std::complex<double> b) {
  if (b.imag() == 0 && b.real() == std::floor(b.real()) && std::fabs(b.real()) <= 100.0) {
    const long n = static_cast<long>(b.real());
    return n > 0 ? power_unsigned(a, n) : divide(1.0, power_unsigned(a, -n));
  }
  if (a == 0.0) {
    if (b.imag() != 0 || b.real() < 0) throw PythonError("zero to a negative or complex power");
    return 0.0;
  }
  const double modulus = std::hypot(a.real(), a.imag());
  const double angle = std::atan2(a.imag(), a.real());
  double length = std::pow(modulus, b.real());
  double phase = angle * b.real();
  if (b.imag() != 0) {
    length *= std::exp(-angle * b.imag());
    phase += b.imag() * std::log(modulus);
  }
  return {length * std::cos(phase), length * std::sin(phase)};
}

PythonValue power(double a, double b) {
  if (b == 0 || a == 1) return 1.0;
  if (a == 0 && b < 0) throw PythonError("zero to a negative power");
  if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b)) {
    return power(std::complex<double>(a), std::complex<double>(b));
  }
  const double value = std::pow(a, b);
  if (std::isinf(value) && std::isfinite(a) && std::isfinite(b))
    throw PythonError("power too large");
  return value;
}

BigInteger power(const BigInteger& a, const BigInteger& b) {
  if (b == 0 || a == 1) return 1;
  if (a == 0) return 0;
  if (a == -1) return (b & 1) != 0 ? -1 : 1;
  if (b > kMaxBits || (bits(a) - 1) * b > kMaxBits) throw PythonError("integer too large");
  return checked(boost::multiprecision::pow(a, b.convert_to<unsigned>()));
}

std::complex<double> complex_apply(char op, std::complex<double> a, std::complex<double> b) {
  switch (op) {
    case '+': return {a.real() + b.real(), a.imag() + b.imag()};
    case '-': return {a.real() - b.real(), a.imag() - b.imag()};
    case '*':
      return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
    case '/': return divide(a, b);
    case 'P': break;
    default: throw PythonError("complex numbers have no floor division");
  }
  const std::complex<double> value = power(a, b);
  if (!std::isfinite(value.real()) || !std::isfinite(value.imag()))
    throw PythonError("complex power too large");
  return value;
}

PythonValue double_apply(char op, double a, double b) {
  switch (op) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case 'F': return floor_divide(a, b);
    case 'P': return power(a, b);
    default: break;
  }
  if (b == 0) throw PythonError("float division by zero");
  return a / b;
}

}  // namespace

PythonValue PythonValue::negated() const {
  if (is_integer()) return BigInteger(-std::get<0>(value_));
  if (is_complex()) return -std::get<2>(value_);
  return -std::get<1>(value_);
}

double PythonValue::as_double() const {
  return is_integer() ? true_divide(std::get<0>(value_), 1) : std::get<1>(value_);
}

std::complex<double> PythonValue::as_complex() const {
  return is_complex() ? std::get<2>(value_) : as_double();
}

PythonValue PythonValue::apply(char op, const PythonValue& a, const PythonValue& b) {
  if (a.is_complex() || b.is_complex()) return complex_apply(op, a.as_complex(), b.as_complex());
  if (!a.is_integer() || !b.is_integer()) return double_apply(op, a.as_double(), b.as_double());
  const BigInteger &x = std::get<0>(a.value_), &y = std::get<0>(b.value_);
  switch (op) {
    case '+': return checked(x + y);
    case '-': return checked(x - y);
    case '*': return checked(x * y);
    case 'F': return floor_divide(x, y);
    case 'P': return y < 0 ? power(a.as_double(), b.as_double()) : PythonValue(power(x, y));
    default: return true_divide(x, y);
  }
}

bool PythonValue::is_near(std::int64_t target, double tolerance) const {
  if (is_integer()) return std::get<0>(value_) == target;
  if (is_complex()) {
    const std::complex<double> distance = std::get<2>(value_) - static_cast<double>(target);
    return std::hypot(distance.real(), distance.imag()) < tolerance;
  }
  return std::fabs(std::get<1>(value_) - target) < tolerance;
}

}  // namespace tinyzero::countdown
