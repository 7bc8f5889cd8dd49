// Filters, by Jinja's names.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "core/text/jinja/arguments.h"
#include "core/text/jinja/value.h"

namespace tinyzero::jinja {

// All filters of Jinja, including those that are not supported here.
const std::set<std::string>& jinja_filters();

// value|name(arguments). Throws Error for what is not supported.
Value apply_filter(const std::string& name, const Value& value, const CallArguments& arguments,
                   Budget& budget);

// The same for filters of lists and dicts (list_filters.cpp); nothing for the name of another one.
std::optional<Value> apply_list_filter(const std::string& name, const Value& value,
                                       const CallArguments& arguments, Budget& budget);

}  // namespace tinyzero::jinja
