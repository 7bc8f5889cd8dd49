// libFuzzer target: JSON from outside. The first two bytes say how often the second half of the
// rest is repeated, so that short inputs become deep ones. A finding is a crash, a sanitizer's
// report, a hang, an exception that is no Error, or a broken promise of json.h.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/base/foreign_text.h"
#include "core/base/json.h"

namespace {

using tinyzero::Json;

void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

std::size_t depth_of(const Json& value) {
  std::size_t deepest = 0;
  if (value.is_structured()) {
    for (const Json& part : value) deepest = std::max(deepest, depth_of(part));
    ++deepest;
  }
  return deepest;
}

void check_value(const Json& value) {
  require(depth_of(value) <= tinyzero::kDeepestJson, "a value is not deeper than the limit");
  const std::string line = tinyzero::json_line(value);
  require(line.find('\n') == std::string::npos, "a value is one line");
  const auto again = tinyzero::json_if_valid(line);
  require(again && tinyzero::json_line(*again) == line,
          "a line reads back as the value that it was written from");
  require(Json(value) == value, "values can be copied and compared");
}

void check_fault(const std::string& text, const std::string& what) {
  const bool is_pointer = what.starts_with("here is a pointer of Git LFS");
  require(is_pointer || what.starts_with("here is not valid JSON: "), "an error says where");
  const bool quoted = text.find("json.exception") != std::string::npos;
  require(quoted || what.find("json.exception") == std::string::npos,
          "an error is in words of this program");
  require(!tinyzero::json_if_valid(text), "what throws is not valid");
}

std::string grown(const std::uint8_t* data, std::size_t size) {
  const std::size_t times = data[0] % 2 == 0 ? 1 : std::size_t{1} << data[1] % 12;
  const std::string text(reinterpret_cast<const char*>(data) + 2, size - 2),
      half = text.substr(text.size() / 2);
  std::string out = text.substr(0, text.size() / 2);
  for (std::size_t i = 0; i < times; ++i) out += half;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string text = grown(data, size);
  try {
    check_value(tinyzero::parse_json(text, "here"));
  } catch (const tinyzero::Error& e) {
    check_fault(text, e.what());
  }
  const std::string shown = tinyzero::printable(text);
  require(tinyzero::printable(shown) == shown, "what is printable stays as it is");
  return 0;
}
