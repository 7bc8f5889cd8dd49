// Fields of tokenizer.json, read with errors that name the file and the field.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace tinyzero {

// Objects look up keys in logarithmic time, because the file may come from anybody.
using TokenizerJson = nlohmann::json;

// The member `key` of an object, null if there is none.
const TokenizerJson& member(const TokenizerJson& object, const char* key);

// The member `key` as a flag, number or text; `fallback` if it is absent or null. Throws Error
// naming `where` for another type.
bool flag_of(const TokenizerJson& object, const char* key, bool fallback, const std::string& where);
std::int64_t number_of(const TokenizerJson& object, const char* key, std::int64_t fallback,
                       const std::string& where);
std::string text_of(const TokenizerJson& object, const char* key, const std::string& fallback,
                    const std::string& where);

// The member "type" of a section such as the normalizer; "" for null. Throws Error for a section
// that is not an object.
std::string type_of(const TokenizerJson& section, const std::string& where);

// Throws Error: `what` is not supported.
[[noreturn]] void unsupported(const std::string& where, const std::string& what);

}  // namespace tinyzero
