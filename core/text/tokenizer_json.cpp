#include "core/text/tokenizer_json.h"

#include "core/base/error.h"

namespace tinyzero {

const TokenizerJson& member(const TokenizerJson& object, const char* key) {
  static const TokenizerJson kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

bool flag_of(const TokenizerJson& object, const char* key, bool fallback,
             const std::string& where) {
  const TokenizerJson& value = member(object, key);
  if (value.is_null()) return fallback;
  if (!value.is_boolean()) throw Error(where + ": \"" + key + "\" is neither true nor false");
  return value.get<bool>();
}

std::int64_t number_of(const TokenizerJson& object, const char* key, std::int64_t fallback,
                       const std::string& where) {
  const TokenizerJson& value = member(object, key);
  if (value.is_null()) return fallback;
  if (!value.is_number_integer()) throw Error(where + ": \"" + key + "\" is not an integer");
  return value.get<std::int64_t>();
}

std::string text_of(const TokenizerJson& object, const char* key, const std::string& fallback,
                    const std::string& where) {
  const TokenizerJson& value = member(object, key);
  if (value.is_null()) return fallback;
  if (!value.is_string()) throw Error(where + ": \"" + key + "\" is not a text");
  return value.get<std::string>();
}

std::string type_of(const TokenizerJson& section, const std::string& where) {
  if (section.is_null()) return "";
  if (!section.is_object()) throw Error(where + " is neither an object nor null");
  return text_of(section, "type", "?", where);
}

void unsupported(const std::string& where, const std::string& what) {
  throw Error(where + ": " + what + " is not supported", "give token ids instead of text");
}

}  // namespace tinyzero
