// Python's operators, by their symbol.
#pragma once

#include <string>

#include "core/text/jinja/value.h"

namespace tinyzero::jinja {

// + - * / // % **
Value binary(const std::string& sign, const Value& a, const Value& b, Budget& budget);
// Unary - and +.
Value signed_value(const std::string& sign, const Value& value);
// == != < <= > >= in, "not in"
bool compare(const std::string& sign, const Value& a, const Value& b, Budget& budget);
// value in container
bool contains(const Value& container, const Value& value, Budget& budget);

}  // namespace tinyzero::jinja
