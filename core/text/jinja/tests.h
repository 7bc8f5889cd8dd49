// Tests (what may follow `is`), by Jinja's names.
#pragma once

#include <set>
#include <string>

#include "core/text/jinja/arguments.h"
#include "core/text/jinja/value.h"

namespace tinyzero::jinja {

// All tests of Jinja, including those that are not supported here.
const std::set<std::string>& jinja_tests();

// Whether `value is name(arguments)`. Throws Error for what is not supported.
bool apply_test(const std::string& name, const Value& value, const CallArguments& arguments,
                Budget& budget);

}  // namespace tinyzero::jinja
