#include "core/text/jinja/from_json.h"

namespace tinyzero::jinja {

Value from_json(const Json& json) {
  if (json.is_boolean()) return Value::boolean(json.get<bool>());
  if (json.is_number_integer()) return Value::integer(json.get<std::int64_t>());
  if (json.is_number()) return Value::number(json.get<double>());
  if (json.is_string()) return Value::text(json.get<std::string>());
  if (json.is_array()) {
    Items items;
    for (const Json& item : json) items.push_back(from_json(item));
    return Value::list(std::move(items));
  }
  if (!json.is_object()) return Value::none();
  Entries entries;
  Budget budget;
  for (const auto& [key, value] : json.items())
    entries.emplace_back(Value::text(key), from_json(value));
  return Value::dict(entries, budget);
}

}  // namespace tinyzero::jinja
