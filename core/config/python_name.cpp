#include "core/config/python_name.h"

#include <string_view>

namespace tinyzero {

std::optional<PythonName> python_name(const std::string& use) {
  constexpr std::string_view kGenerator = "rg:";
  constexpr std::string_view kSuffix = ".py";
  if (use.starts_with(kGenerator)) return PythonName{{}, use.substr(kGenerator.size())};
  if (use.ends_with(kSuffix)) return PythonName{use, ""};
  const std::size_t colon = use.rfind(':');
  if (colon == std::string::npos || !use.substr(0, colon).ends_with(kSuffix)) return std::nullopt;
  return PythonName{use.substr(0, colon), use.substr(colon + 1)};
}

}  // namespace tinyzero
