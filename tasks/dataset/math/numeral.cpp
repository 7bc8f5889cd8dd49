#include "tasks/dataset/math/numeral.h"

#include <string>

#include "tinyzero/ascii.h"
#include "tinyzero/number_text.h"

namespace tinyzero::dataset {
namespace {

constexpr std::int64_t kLargestPowerOfTen = 40;  // of a power of ten that fits Rational

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_ascii_digit(text[end])) ++end;
  return end - at;
}

// The length of "1,234,567" at the front; that of the digits alone where groups are not of three.
std::size_t grouped_digits(std::string_view text, Separators separators) {
  std::size_t end = digits_at(text, 0);
  if (separators == Separators::none || end == 0 || end > 3) return end;
  while (end < text.size() && text[end] == ',' && digits_at(text, end + 1) == 3) end += 4;
  return end;
}

// The exponent behind a numeral, and its length; 0 if there is none.
std::size_t take_exponent(std::string_view text, std::int64_t& exponent) {
  if (text.empty() || ascii_lower(text[0]) != 'e') return 0;
  const std::size_t sign = text.size() > 1 && (text[1] == '-' || text[1] == '+') ? 1 : 0;
  const std::size_t digits = digits_at(text, 1 + sign);
  if (digits == 0) return 0;
  const auto value = parse_integer(text.substr(1 + sign, digits));
  exponent = value ? (text[1] == '-' ? -*value : *value) : INT64_MAX;
  return 1 + sign + digits;
}

// Digits times a power of ten.
std::optional<Rational> scaled(std::string_view digits, std::int64_t exponent) {
  Rational value;
  for (const char digit : digits) {
    if (value.apply('*', 10) != Rational::Status::ok ||
        value.apply('+', digit - '0') != Rational::Status::ok)
      return std::nullopt;
  }
  if (value == Rational(0)) return value;
  if (exponent > kLargestPowerOfTen || exponent < -kLargestPowerOfTen) return std::nullopt;
  for (; exponent != 0; exponent += exponent > 0 ? -1 : 1) {
    if (value.apply(exponent > 0 ? '*' : '/', 10) != Rational::Status::ok) return std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<Numeral> take_numeral(std::string_view& text, Separators separators) {
  const std::size_t whole = grouped_digits(text, separators);
  std::size_t end = whole, fraction = 0;
  if (end < text.size() && text[end] == '.') {
    fraction = digits_at(text, end + 1);
    if (whole + fraction == 0) return std::nullopt;
    end += 1 + fraction;
  }
  if (end == 0) return std::nullopt;
  std::string digits;
  for (const char c : text.substr(0, end)) {
    if (is_ascii_digit(c)) digits += c;
  }
  std::int64_t exponent = 0;
  Numeral out{.value = {}, .fits = true, .is_integer = end == whole};
  if (const std::size_t length = take_exponent(text.substr(end), exponent); length > 0) {
    end += length;
    out.is_integer = false;
  }
  for (; fraction > 0 && digits.back() == '0'; --fraction) digits.pop_back();
  const bool reaches = exponent != INT64_MAX;
  const auto value =
      reaches ? scaled(digits, exponent - static_cast<std::int64_t>(fraction)) : std::nullopt;
  out.fits = value.has_value();
  out.value = value.value_or(Rational());
  text.remove_prefix(end);
  return out;
}

}  // namespace tinyzero::dataset
