// Numbers as text, as in C and JSON: digits, a point and an exponent. The locale of the process
// never matters, unlike in strtod, printf and std::to_string(double): where it writes a comma,
// those read 1.5 as 1.
#pragma once

#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace tinyzero {

// The integer that `text` is, with at most one sign; nothing if it is anything else or does not
// fit.
inline std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc() || stop != end) return std::nullopt;
  return value;
}

// The finite decimal number that `text` is ("-1.5e3", "+.5", "1."), correctly rounded; one too
// small for a double is 0. Nothing if it is anything else, which includes blanks, "inf", "nan" and
// hexadecimal digits, or too large for a double.
inline std::optional<double> parse_real(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string_view::npos)
    return std::nullopt;
  static const locale_t kPlain = ::newlocale(LC_ALL_MASK, "C", nullptr);
  const std::string copy(text);
  char* stop = nullptr;
  const double value = ::strtod_l(
      copy.c_str(), &stop, kPlain);  // std::from_chars reads no reals in libc++ before version 20
  if (stop != copy.c_str() + copy.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// The shortest text that reads back as the same double: "0.25", "1e-05", "300000".
inline std::string real_text(double value) {
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  char text[64];
  char* end = nullptr;
  if (value == std::floor(value) && std::fabs(value) < 1e15) {
    end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, 0).ptr;
    return {text, end};
  }
  end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  int digits = 0;
  for (const char* c = text; c != end && *c != 'e'; ++c) digits += *c >= '0' && *c <= '9' ? 1 : 0;
  end = std::to_chars(text, text + sizeof text, value, std::chars_format::general, digits).ptr;
  return {text, end};
}

}  // namespace tinyzero
