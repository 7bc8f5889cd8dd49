// JSON as values of a template.

#include "core/text/jinja/from_json.h"

#include <doctest/doctest.h>

using namespace tinyzero;
using namespace tinyzero::jinja;

TEST_SUITE_BEGIN("core/text/jinja/from_json");

TEST_CASE("each kind of JSON becomes the value that Python's json.loads makes") {
  const std::pair<const char*, const char*> cases[] = {
      {"null", "None"},
      {"true", "True"},
      {"false", "False"},
      {"7", "7"},
      {"-7", "-7"},
      {"1.0", "1.0"},
      {"1e3", "1000.0"},
      {R"("a'b")", R"("a'b")"},
      {"[1, [2]]", "[1, [2]]"},
      {"[]", "[]"},
      {"{}", "{}"},
      {R"({"b": 1, "a": [null]})", "{'b': 1, 'a': [None]}"}};
  for (const auto& [json, expected] : cases) {
    CAPTURE(json);
    Budget budget;
    CHECK(to_repr(from_json(Json::parse(json)), budget) == expected);
  }
}

TEST_CASE("what was read is written back the same") {
  const char* json = R"({"a": [1, -2.5, "x\n\u00e9", {"b": null, "c": true}], "d": ""})";
  Budget budget;
  CHECK(Json::parse(to_json(from_json(Json::parse(json)), {}, budget)) == Json::parse(json));
}
