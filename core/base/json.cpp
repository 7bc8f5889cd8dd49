#include "core/base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "core/base/lfs_pointer.h"
#include "core/base/utf8.h"
#include "tinyzero/ascii.h"

namespace tinyzero {
namespace {

// The depth and the number of fields of a text, found without parsing it: from brackets and commas
// outside strings.
class Extent {
 public:
  explicit Extent(std::string_view text) {
    for (std::size_t at = 0; at < text.size() && fault_.empty(); ++at) {
      const char c = text[at];
      if (c == '"') at = string_end(text, at);
      else if (c == '[' || c == '{') open(c == '{');
      else if ((c == ']' || c == '}') && depth_ > 0) --depth_;
      else if (c == ',' && depth_ > 0) count_field();
    }
  }

  // Why the text must not be parsed; empty if it may be.
  const std::string& fault() const { return fault_; }

 private:
  // The position of the quote that ends the string at `at`; the end of the text if there is none.
  static std::size_t string_end(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\') ++at;
    }
    return at;
  }

  void open(bool object) {
    if (depth_ == kDeepestJson) {
      fault_ = "it is nested more than " + std::to_string(kDeepestJson) + " deep";
      return;
    }
    commas_[depth_] = 0;
    is_object_[depth_++] = object;
  }

  void count_field() {
    if (++commas_[depth_ - 1] < kMostJsonFields || !is_object_[depth_ - 1]) return;
    fault_ = "an object has more than " + std::to_string(kMostJsonFields) + " fields";
  }

  std::size_t depth_ = 0;
  std::array<std::size_t, kDeepestJson> commas_{};  // in each open level
  std::array<bool, kDeepestJson> is_object_{};
  std::string fault_;
};

// The code of an escape \uXXXX at `at`; nothing if there is no such escape.
std::optional<std::uint32_t> escaped_code(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  std::uint32_t code = 0;
  const char* end = text.data() + at + 6;
  return std::from_chars(text.data() + at + 2, end, code, 16).ptr == end ? std::optional(code)
                                                                         : std::nullopt;
}

bool is_high_surrogate(std::uint32_t code) { return code >= 0xD800 && code < 0xDC00; }
bool is_low_surrogate(std::uint32_t code) { return code >= 0xDC00 && code < 0xE000; }

// The text with \ufffd for each escaped surrogate without its other half.
std::string with_whole_pairs(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto code = escaped_code(text, at);
    if (code && is_high_surrogate(*code) &&
        is_low_surrogate(escaped_code(text, at + 6).value_or(0))) {
      out += text.substr(at, 12);
      at += 12;
    } else if (code && (is_high_surrogate(*code) || is_low_surrogate(*code))) {
      out += "\\ufffd";
      at += 6;
    } else {
      const std::size_t bytes = text[at] == '\\' ? 2 : 1;  // "\\\\" does not begin another escape
      out += text.substr(at, bytes);
      at += bytes;
    }
  }
  return out;
}

bool may_have_surrogates(std::string_view text) {
  return text.find("\\ud") != std::string_view::npos || text.find("\\uD") != std::string_view::npos;
}

struct Parsed {
  Json json;
  std::string fault;  // empty if json is the value
};

Parsed parse_once(std::string_view text) {
  try {
    return {Json::parse(text), ""};
  } catch (const Json::parse_error& e) {
    return {{}, json_fault(text, e.byte)};
  } catch (const Json::exception&) {  // a number that does not fit into a double
    return {{}, "a number is too large"};
  }
}

Parsed parse(std::string_view text) {
  const Extent extent(text);
  if (!extent.fault().empty()) return {{}, extent.fault()};
  Parsed parsed = parse_once(text);
  if (parsed.fault.empty() || !may_have_surrogates(text)) return parsed;
  Parsed mended = parse_once(with_whole_pairs(text));
  return mended.fault.empty() ? mended : parsed;
}

bool is_word(char c) {
  return is_ascii_alphanumeric(c) || c == '_' || c == '+' || c == '-' || c == '.';
}

// The word around text[at], cut to 20 characters.
std::string_view whole_word(std::string_view text, std::size_t at) {
  constexpr std::size_t kLongest = 20;
  std::size_t begin = at;
  std::size_t end = at;
  while (begin > 0 && at - begin < kLongest && is_word(text[begin - 1])) --begin;
  while (end < text.size() && end - begin < kLongest && is_word(text[end])) ++end;
  return text.substr(begin, end - begin);
}

// What a parser that stopped at text[at] could not read: a word, or the character there. The parser
// may have read most of a misspelt literal.
std::string_view unread(std::string_view text, std::size_t at) {
  if (is_word(text[at])) return whole_word(text, at);
  const bool may_end_word = text[at] > 0x20 && text[at] < 0x7F;
  if (may_end_word && at > 0 && is_ascii_letter(text[at - 1])) {
    const std::string_view before = whole_word(text, at - 1);
    if (before != "true" && before != "false" && before != "null") return before;
  }
  return text.substr(at, utf8_part(text, at).size);
}

}  // namespace

std::string json_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string as_written(const std::string& text) {
  return Json::parse(json_line(text)).get<std::string>();
}

Json parse_json(std::string_view text, const std::string& where) {
  Parsed parsed = parse(text);
  if (parsed.fault.empty()) return std::move(parsed.json);
  refuse_lfs_pointer(text, where);
  throw Error(where + " is not valid JSON: " + parsed.fault);
}

std::optional<Json> json_if_valid(std::string_view text) {
  Parsed parsed = parse(text);
  if (!parsed.fault.empty()) return std::nullopt;
  return std::move(parsed.json);
}

Json json_or_text(const std::string& text) {
  const std::optional<Json> parsed = json_if_valid(text);
  return parsed && !parsed->is_string() && json_line(*parsed) == text ? *parsed : Json(text);
}

std::string json_fault(std::string_view text, std::size_t position) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return "it is empty";
  if (position == 0 || position > text.size()) return "it ends in the middle of a value";
  const std::size_t at = position - 1;
  const std::string_view word = unread(text, at);
  const std::string_view before = text.substr(0, at);
  const std::size_t line_start = before.rfind('\n') + 1;  // 0 in the first line
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto column = word.data() - text.data() - std::ptrdiff_t(line_start) + 1;
  const std::string location =
      "line " + std::to_string(line) + ", column " + std::to_string(column) + ": ";
  const Utf8Part first = utf8_part(word, 0);
  if (!first.valid) return location + "a byte that is not UTF-8";
  if (first.code < 0x20 || first.code == 0x7F)
    return location + "a control character, which JSON writes as an escape";
  return location + "unexpected \"" + std::string(word) + "\"";
}

}  // namespace tinyzero
