// Attributes, items and slices of values.
#pragma once

#include <string>

#include "core/text/jinja/value.h"

namespace tinyzero::jinja {

// object.name: an attribute if there is one (a method of dicts, say), else an item. Undefined if
// there is neither, or if Jinja's sandbox hides it.
Value attribute(const Value& object, const std::string& name, Budget& budget);
// object[key]: an item if there is one, else an attribute.
Value item(const Value& object, const Value& key, Budget& budget);
// The item at a dotted path such as "message.role" or "tools.0".
Value item_at_path(const Value& object, const Value& path, Budget& budget);

// The bounds of object[start:stop:step], null where a bound is left out.
struct SliceBounds {
  const Value* start;
  const Value* stop;
  const Value* step;
};
Value slice(const Value& object, const SliceBounds& bounds, Budget& budget);

}  // namespace tinyzero::jinja
