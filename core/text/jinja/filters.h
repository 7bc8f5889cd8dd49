// Filters and tests, by Jinja's names.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "core/text/jinja/arguments.h"
#include "core/text/jinja/value.h"

namespace tinyzero::jinja {

// All filters and tests of Jinja, also those that are not supported here.
const std::set<std::string>& jinja_filters();
const std::set<std::string>& jinja_tests();

// value|name(arguments), and whether `value is name(arguments)`. Throw Error for what is not
// supported.
Value apply_filter(const std::string& name, const Value& value, const CallArguments& arguments,
                   Budget& budget);
bool apply_test(const std::string& name, const Value& value, const CallArguments& arguments,
                Budget& budget);

// Filters of lists; nothing if `name` is none of them.
std::optional<Value> apply_list_filter(const std::string& name, const Value& value,
                                       const CallArguments& arguments, Budget& budget);

}  // namespace tinyzero::jinja
