#include "core/cli/option_checks.h"

#include "tinyzero/number_text.h"

namespace tinyzero {

CLI::Validator between(double low, double high) {
  const auto check = [low, high](const std::string& text) -> std::string {
    const auto value = parse_real(text);
    if (value && *value >= low && *value <= high) return "";
    return "Value " + text + " not in range " + real_text(low) + " to " + real_text(high);
  };
  return {check, real_text(low) + " to " + real_text(high)};
}

CLI::Validator whole_number() {
  const auto check = [](const std::string& text) -> std::string {
    const auto value = parse_integer(text);
    return value && *value >= 0 ? "" : "Value " + text + " not in range 0 to 9223372036854775807";
  };
  return {check, ""};
}

}  // namespace tinyzero
