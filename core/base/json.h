// JSON (nlohmann-json) with fields in the order of the text. All JSON from outside is parsed here:
// its depth is limited, because printing, copying and comparing a value need stack for each level.
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
// Fields of one object. The library compares each new field with all earlier ones.
constexpr std::size_t kMostJsonFields = 20000;

// One line of text; bytes that are not UTF-8 become U+FFFD.
std::string json_line(const Json& value);

// A text as it is after json_line and a parser: with U+FFFD for bytes that are not UTF-8.
std::string as_written(const std::string& text);

// Parses `text`, which comes from `where` ("model/config.json", "line 3 of standard input"). An
// escaped surrogate without its other half becomes U+FFFD. Throws Error with line and column.
Json parse_json(std::string_view text, const std::string& where);

// The same for text that may not be JSON: nothing where parse_json would throw.
std::optional<Json> json_if_valid(std::string_view text);

// The JSON that `text` is, if json_line gives the same bytes back; else the text itself, a string.
Json json_or_text(const std::string& text);

// A description of the fault that nlohmann's parser found in `text` after `position` bytes: "line
// 2, column 7: unexpected \"nul\"". For callers that use the parser's events.
std::string json_fault(std::string_view text, std::size_t position);

}  // namespace tinyzero
