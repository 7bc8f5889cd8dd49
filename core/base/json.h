// JSON (nlohmann-json), with fields kept in the order they were written.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace tinyzero {

using Json = nlohmann::ordered_json;

// One line of text; bytes that are not UTF-8 become U+FFFD.
inline std::string json_line(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

// Parses `text`, which came from `where` ("model/config.json", "line 3 of standard input"); throws Error.
inline Json parse_json(std::string_view text, const std::string& where) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& e) {
    throw Error(where + " is not valid JSON: " + e.what());
  }
}

}  // namespace tinyzero
