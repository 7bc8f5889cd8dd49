// What a template sees of the world.
#pragma once

#include <ctime>
#include <map>
#include <string>

#include "core/text/jinja/value.h"

namespace tinyzero::jinja {

struct Context {
  std::map<std::string, Value> variables;
  std::map<std::string, std::string> unknown;  // why a variable cannot be known, by its name
  std::tm now{};                               // for strftime_now
};

}  // namespace tinyzero::jinja
