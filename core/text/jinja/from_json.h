// JSON as values of a template.
#pragma once

#include "core/base/json.h"
#include "core/text/jinja/value.h"

namespace tinyzero::jinja {

Value from_json(const Json& json);

}  // namespace tinyzero::jinja
