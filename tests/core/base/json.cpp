#include "core/base/json.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/json");

namespace {

std::string fault_of(const std::string& text) {
  try {
    parse_json(text, "here");
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

std::string nested(std::size_t depth, const std::string& open, const std::string& close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += "1";
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

}  // namespace

TEST_CASE("a fault is told with its place, in words of this program") {
  struct Case {
    const char *text, *fault;
  };
  const Case cases[] = {
      {"", "here is not valid JSON: it is empty"},
      {" \n", "here is not valid JSON: it is empty"},
      {"{\"a\": nul}", "here is not valid JSON: line 1, column 7: unexpected \"nul\""},
      {"{\"a\": NaN}", "here is not valid JSON: line 1, column 7: unexpected \"NaN\""},
      {"{\n  \"a\": 1,\n}", "here is not valid JSON: line 3, column 1: unexpected \"}\""},
      {"{'a': 1}", "here is not valid JSON: line 1, column 2: unexpected \"'\""},
      {"{\"a\": 1", "here is not valid JSON: it ends in the middle of a value"},
      {"\"abc", "here is not valid JSON: it ends in the middle of a value"},
      {"1 2", "here is not valid JSON: line 1, column 3: unexpected \"2\""},
      {"\"a\x80\"", "here is not valid JSON: line 1, column 3: a byte that is not UTF-8"},
      {"\"a\nb\"",
       "here is not valid JSON: line 1, column 3: a control character, which JSON writes as an "
       "escape"},
      {"\u201Ca\u201D", "here is not valid JSON: line 1, column 1: unexpected \"\u201C\""},
      {"1e999", "here is not valid JSON: a number is too large"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(fault_of(c.text) == c.fault);
    CHECK_FALSE(json_if_valid(c.text));
  }
}

TEST_CASE("values keep their order, and lines of them are valid UTF-8") {
  const Json json = parse_json("{\"b\":1,\"a\":[true,null,\"\\u00e4\"]}", "here");
  CHECK(json_line(json) == "{\"b\":1,\"a\":[true,null,\"\xC3\xA4\"]}");
  CHECK(json_line("a\xFF") == "\"a\xEF\xBF\xBD\"");
  CHECK(as_written("a\xFF") == "a\xEF\xBF\xBD");
}

TEST_CASE("depth is limited, whatever opens the levels, and brackets in strings open none") {
  CHECK(fault_of(nested(kDeepestJson, "[", "]")).empty());
  CHECK(fault_of(nested(kDeepestJson + 1, "[", "]")) ==
        "here is not valid JSON: it is nested more than 256 deep");
  CHECK(fault_of(nested(kDeepestJson + 1, "{\"a\":", "}")).find("256 deep") != std::string::npos);
  CHECK(fault_of(nested(3'000'000, "[", "")).find("256 deep") != std::string::npos);
  CHECK(
      fault_of("\"" + std::string(10'000, '[') + "\\\"" + std::string(10'000, '{') + "\"").empty());
}

TEST_CASE("an object has a limited number of fields, a list does not") {
  std::string object = "{", list = "[0";
  for (std::size_t i = 0; i < kMostJsonFields + 1; ++i) {
    object += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":0";
    list += ",0";
  }
  CHECK(fault_of(object + "}") == "here is not valid JSON: an object has more than 20000 fields");
  CHECK(fault_of(list + "]").empty());
}

TEST_CASE("half of a surrogate pair becomes U+FFFD, a whole pair its character") {
  struct Case {
    const char *text, *value;
  };
  const Case cases[] = {
      {R"("\ud83d\ude00")", "\U0001F600"},
      {R"("a\ud83d")", "a\uFFFD"},
      {R"("\ude00b")", "\uFFFDb"},
      {R"("\ud83d\ud83d\ude00")", "\uFFFD\U0001F600"},
      {R"("\\ud83d\ud800")", "\\ud83d\uFFFD"},
      {R"("\uD800\u0041")", "\uFFFDA"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(parse_json(c.text, "here") == Json(c.value));
  }
  CHECK(fault_of(R"("\ud83")").find("not valid JSON") != std::string::npos);
}
