// Methods of texts, lists, dicts and loops.
#pragma once

#include "core/text/jinja/arguments.h"
#include "core/text/jinja/value.h"

namespace tinyzero::jinja {

Value call_method(const Method& method, const CallArguments& arguments, Budget& budget);

}  // namespace tinyzero::jinja
