// Values as text. Expected texts are those of Python's str, repr and json.dumps.

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/text/jinja/from_json.h"
#include "core/text/jinja/value.h"

using namespace tinyzero;
using namespace tinyzero::jinja;

TEST_SUITE_BEGIN("core/text/jinja/text_of");

namespace {

std::string str(const Value& value) {
  Budget budget;
  return to_text(value, budget);
}

std::string repr(const Value& value) {
  Budget budget;
  return to_repr(value, budget);
}

std::string json(const char* value, const JsonStyle& style = {}) {
  Budget budget;
  return to_json(from_json(Json::parse(value)), style, budget);
}

}  // namespace

TEST_CASE("floats have the shortest digits, an exponent from 1e16 on and below 1e-4") {
  const std::pair<double, const char*> cases[] = {{0.0, "0.0"},
                                                  {-0.0, "-0.0"},
                                                  {1.0, "1.0"},
                                                  {-2.5, "-2.5"},
                                                  {0.1 + 0.2, "0.30000000000000004"},
                                                  {100.0, "100.0"},
                                                  {1e15, "1000000000000000.0"},
                                                  {1e16, "1e+16"},
                                                  {1.5e300, "1.5e+300"},
                                                  {1e-4, "0.0001"},
                                                  {1e-5, "1e-05"},
                                                  {1.0 / 3, "0.3333333333333333"},
                                                  {5e-324, "5e-324"},
                                                  {123456789.123, "123456789.123"}};
  for (const auto& [value, expected] : cases) CHECK(number_text(value) == expected);
  CHECK(number_text(std::nan("")) == "nan");
  CHECK(number_text(-std::numeric_limits<double>::infinity()) == "-inf");
}

TEST_CASE("str of a text is the text, of anything else its repr") {
  CHECK(str(Value::text("a'b")) == "a'b");
  CHECK(repr(Value::text("a'b")) == "\"a'b\"");
  CHECK(str(Value()).empty());
  CHECK(repr(Value()) == "Undefined");
  CHECK(str(Value(Value::Data(Markup{std::make_shared<const std::string>("<b>")}))) == "<b>");
  CHECK(str(Value::boolean(true)) == "True");
  CHECK(str(Value::none()) == "None");
  CHECK(str(Value::integer(INT64_MIN)) == "-9223372036854775808");
}

TEST_CASE("containers print their items' repr") {
  Budget budget;
  CHECK(repr(Value::list({Value::integer(1), Value::text("a"), Value::none()})) ==
        "[1, 'a', None]");
  CHECK(repr(Value::tuple({Value::integer(1)})) == "(1,)");
  CHECK(repr(Value::tuple({})) == "()");
  CHECK(repr(Value::dict({{Value::text("k"), Value::list({})}, {Value::integer(2), Value()}},
                         budget)) == "{'k': [], 2: Undefined}");
  CHECK_THROWS_WITH_AS(repr(Value::sequence(SequenceKind::range, {})),
                       doctest::Contains("printing a range or a view"), Error);
  CHECK_THROWS_WITH_AS(repr(Value(Value::Data(Function::range))),
                       doctest::Contains("printing a function"), Error);
}

TEST_CASE("JSON on one line, as json.dumps writes it") {
  CHECK(json(R"({"a":[1,-2.5,true,null],"b":{"c":"x"}})") ==
        R"({"a": [1, -2.5, true, null], "b": {"c": "x"}})");
  CHECK(json("[]") == "[]");
  CHECK(json("{}") == "{}");
  CHECK(json("\"\\u00e9\\n\\u0001\\\"\"") == "\"\u00E9\\n\\u0001\\\"\"");
  CHECK(json("\"\\u00e9\"", {.ascii = true}) == "\"\\u00e9\"");
}

TEST_CASE("JSON indented, sorted, and with other separators") {
  CHECK(json(R"({"b":[1,2],"a":{}})", {.indented = true, .indent = "  ", .item_separator = ","}) ==
        "{\n  \"b\": [\n    1,\n    2\n  ],\n  \"a\": {}\n}");
  CHECK(json(R"({"b":1,"a":2})", {.sorted = true}) == R"({"a": 2, "b": 1})");
  CHECK(json("[1,2]", {.item_separator = ","}) == "[1,2]");
  CHECK(json(R"({"a":1})", {.key_separator = ":"}) == R"({"a":1})");
}

TEST_CASE("keys of JSON are texts; numbers and constants become some") {
  Budget budget;
  const Value value = Value::dict({{Value::integer(1), Value::integer(1)},
                                   {Value::number(2.5), Value::integer(2)},
                                   {Value::none(), Value::integer(3)}},
                                  budget);
  CHECK(to_json(value, {}, budget) == R"({"1": 1, "2.5": 2, "null": 3})");
  const Value tuple_key = Value::dict({{Value::tuple({}), Value::integer(1)}}, budget);
  CHECK_THROWS_WITH_AS(to_json(tuple_key, {}, budget),
                       doctest::Contains("a value of type tuple as JSON"), Error);
  CHECK_THROWS_WITH_AS(to_json(Value(), {}, budget),
                       doctest::Contains("a value of type undefined as JSON"), Error);
  CHECK(to_json(Value::number(std::nan("")), {}, budget) == "NaN");
  CHECK(to_json(Value::number(std::numeric_limits<double>::infinity()), {}, budget) == "Infinity");
}
