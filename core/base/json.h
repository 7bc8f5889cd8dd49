// JSON (nlohmann-json), with fields kept in the order they were written. All text that comes from
// outside is read here: the depth is limited, because printing, copying and comparing a value take
// stack for each level.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace tinyzero {

using Json = nlohmann::ordered_json;

constexpr std::size_t kDeepestJson = 256;  // levels of arrays and objects
constexpr std::size_t kMostJsonFields =
    20000;  // fields of one object; each is compared with those before it

// One line of text; bytes that are not UTF-8 become U+FFFD.
std::string json_line(const Json& value);

// The text that a reader gets back of one that json_line has written: U+FFFD for bytes that are not
// UTF-8.
std::string as_written(const std::string& text);

// Parses `text`, which came from `where` ("model/config.json", "line 3 of standard input"). An
// escaped half of a surrogate pair without the other half becomes U+FFFD. Throws Error with the
// line and column of the fault.
Json parse_json(std::string_view text, const std::string& where);

// The same for text that need not be JSON: nothing if parse_json would throw.
std::optional<Json> json_if_valid(std::string_view text);

// The fault that nlohmann's parser found in `text` after reading `position` bytes, for readers of
// large files that hear of its parts one by one. For example: line 2, column 7: unexpected "nul".
std::string json_fault(std::string_view text, std::size_t position);

}  // namespace tinyzero
