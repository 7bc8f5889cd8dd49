#include "core/base/secret.h"

#include <string.h>

#include <cstdlib>

namespace tinyzero {

std::string take_secret(const std::string& variable) {
  char* value = std::getenv(variable.c_str());
  if (value == nullptr) return "";
  std::string secret = value;
  ::explicit_bzero(value, secret.size());
  ::unsetenv(variable.c_str());
  return secret;
}

}  // namespace tinyzero
