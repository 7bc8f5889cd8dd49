// Attributes, items, slices and methods of values.
#pragma once

#include <string>

#include "core/text/jinja/arguments.h"
#include "core/text/jinja/value.h"

namespace tinyzero::jinja {

// object.name: an attribute first, as a method of dicts; then an item. Undefined if there is
// neither, or if Jinja's sandbox keeps it away.
Value attribute(const Value& object, const std::string& name, Budget& budget);
// object[key]: an item first, then an attribute.
Value item(const Value& object, const Value& key, Budget& budget);
// The item that a dotted path such as "message.role" or "parts.0" leads to.
Value item_at_path(const Value& object, const Value& path, Budget& budget);
// object[start:stop:step]; null: not given.
Value slice(const Value& object, const Value* start, const Value* stop, const Value* step,
            Budget& budget);

Value call_method(const Method& method, const CallArguments& arguments, Budget& budget);

}  // namespace tinyzero::jinja
