#include "core/text/jinja/arguments.h"

#include <algorithm>

namespace tinyzero::jinja {

const Value* ArgumentReader::optional(const char* name) {
  const std::size_t index = next_++;
  const auto named = std::find_if(arguments_.named.begin(), arguments_.named.end(),
                                  [&](const auto& argument) { return argument.first == name; });
  const bool by_name = named != arguments_.named.end();
  const bool by_position = index < arguments_.positional.size();
  if (by_name && by_position) throw Error(what_ + " is given \"" + name + "\" twice");
  if (by_name || by_position) ++used_;
  return by_name ? &named->second : by_position ? &arguments_.positional[index] : nullptr;
}

const Value& ArgumentReader::required(const char* name) {
  const Value* found = optional(name);
  if (found == nullptr) throw Error(what_ + " lacks \"" + name + "\"");
  return *found;
}

bool ArgumentReader::flag(const char* name, bool fallback) {
  const Value* found = optional(name);
  return found == nullptr ? fallback : truth(*found);
}

std::int64_t ArgumentReader::integer(const char* name, std::int64_t fallback) {
  const Value* found = optional(name);
  return found == nullptr ? fallback : as_integer(*found, name);
}

const std::string& ArgumentReader::text(const char* name) {
  const Value& found = required(name);
  if (!found.is_text()) throw Error(what_ + ": \"" + name + "\" is a " + found.type());
  return found.text();
}

const std::string* ArgumentReader::optional_text(const char* name) {
  const Value* found = optional(name);
  if (found == nullptr || found->is<None>()) return nullptr;
  if (!found->is_text()) throw Error(what_ + ": \"" + name + "\" is a " + found->type());
  return &found->text();
}

void ArgumentReader::finish() const {
  const std::size_t given = arguments_.positional.size() + arguments_.named.size();
  if (used_ < given) throw Error(what_ + " takes fewer arguments than " + std::to_string(given));
}

}  // namespace tinyzero::jinja
