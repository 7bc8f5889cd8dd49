// Attributes, items and slices of values.

#include "core/text/jinja/access.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/text/jinja/from_json.h"

using namespace tinyzero;
using namespace tinyzero::jinja;

TEST_SUITE_BEGIN("core/text/jinja/access");

namespace {

Value of(const char* json) { return from_json(Json::parse(json)); }

std::string repr(const Value& value) {
  Budget budget;
  return to_repr(value, budget);
}

std::string attribute_of(const Value& object, const char* name) {
  Budget budget;
  return repr(attribute(object, name, budget));
}

std::string item_of(const Value& object, const Value& key) {
  Budget budget;
  return repr(item(object, key, budget));
}

std::string sliced(const Value& object, std::optional<std::int64_t> start,
                   std::optional<std::int64_t> stop, std::optional<std::int64_t> step) {
  Budget budget;
  const auto value = [](const std::optional<std::int64_t>& bound) {
    return bound ? Value::integer(*bound) : Value::none();
  };
  const Value first = value(start);
  const Value last = value(stop);
  const Value stride = value(step);
  return repr(slice(object, {.start = &first, .stop = &last, .step = &stride}, budget));
}

}  // namespace

TEST_CASE("a name is an attribute first, a key is an item first") {
  const Value dict = of(R"({"items": 1, "a": 2})");
  Budget budget;
  CHECK(attribute(dict, "items", budget).is<std::shared_ptr<const Method>>());
  CHECK(item_of(dict, Value::text("items")) == "1");
  CHECK(attribute_of(dict, "a") == "2");
  CHECK(item(dict, Value::text("keys"), budget).is<std::shared_ptr<const Method>>());
  CHECK(attribute_of(dict, "b") == "Undefined");
  CHECK(item_of(dict, Value::list({})) == "Undefined");
}

TEST_CASE("items of lists and characters of texts, from either end") {
  const Value list = of("[1, 2, 3]");
  CHECK(item_of(list, Value::integer(0)) == "1");
  CHECK(item_of(list, Value::integer(-1)) == "3");
  CHECK(item_of(list, Value::integer(3)) == "Undefined");
  CHECK(item_of(list, Value::integer(-4)) == "Undefined");
  CHECK(item_of(list, Value::boolean(true)) == "2");
  CHECK(item_of(list, Value::text("0")) == "Undefined");
  const Value text = Value::text("a\u00E9\u4E2D");
  CHECK(item_of(text, Value::integer(1)) == "'\u00E9'");
  CHECK(item_of(text, Value::integer(-1)) == "'\u4E2D'");
  CHECK(item_of(text, Value::integer(3)) == "Undefined");
}

TEST_CASE("a dotted path leads through attributes and items") {
  Budget budget;
  const Value value = of(R"({"a": [{"b": 1}, {"b": 2}]})");
  CHECK(repr(item_at_path(value, Value::text("a.1.b"), budget)) == "2");
  CHECK(repr(item_at_path(of("[5, 6]"), Value::integer(1), budget)) == "6");
  CHECK(repr(item_at_path(of("[5, 6]"), Value::text("1"), budget)) == "6");
  CHECK(repr(item_at_path(value, Value::text("x"), budget)) == "Undefined");
  CHECK_THROWS_WITH_AS(item_at_path(value, Value::text("x.y"), budget),
                       doctest::Contains("a dict has no \"x\""), Error);
}

TEST_CASE("slices of lists and texts as in Python") {
  const Value list = of("[0, 1, 2, 3, 4]");
  CHECK(sliced(list, 1, 3, {}) == "[1, 2]");
  CHECK(sliced(list, -2, {}, {}) == "[3, 4]");
  CHECK(sliced(list, {}, -2, {}) == "[0, 1, 2]");
  CHECK(sliced(list, {}, {}, 2) == "[0, 2, 4]");
  CHECK(sliced(list, {}, {}, -2) == "[4, 2, 0]");
  CHECK(sliced(list, 3, 0, -1) == "[3, 2, 1]");
  CHECK(sliced(list, 3, 1, {}) == "[]");
  CHECK(sliced(list, -99, 99, {}) == "[0, 1, 2, 3, 4]");
  CHECK(sliced(list, 99, {}, -1) == "[4, 3, 2, 1, 0]");
  CHECK(sliced(list, {}, {}, INT64_MIN) == "[4]");
  CHECK(sliced(Value::text("a\u00E9\u4E2Db"), 1, 3, {}) == "'\u00E9\u4E2D'");
  CHECK(sliced(Value::text("a\u00E9b"), {}, {}, -1) == "'b\u00E9a'");
  CHECK(sliced(Value::text(""), {}, {}, -5) == "''");
  CHECK(sliced(Value::tuple({Value::integer(1), Value::integer(2)}), 1, {}, {}) == "(2,)");
}

TEST_CASE("a slice takes the items that a loop over its indices takes") {
  const Value text = Value::text("abcdefg");
  const std::optional<std::int64_t> bounds[] = {{}, -9, -3, 0, 2, 7, 9};
  for (const auto& start : bounds) {
    for (const auto& stop : bounds) {
      for (const std::int64_t step : {-3, -1, 1, 2}) {
        std::string expected;
        const auto at = [&](const std::optional<std::int64_t>& bound, std::int64_t fallback) {
          if (!bound) return fallback;
          const std::int64_t i = *bound < 0 ? *bound + 7 : *bound;
          return step > 0 ? std::clamp<std::int64_t>(i, 0, 7) : std::clamp<std::int64_t>(i, -1, 6);
        };
        const std::int64_t last = at(stop, step > 0 ? 7 : -1);
        for (std::int64_t i = at(start, step > 0 ? 0 : 6); step > 0 ? i < last : i > last;
             i += step)
          expected += static_cast<char>('a' + i);
        CHECK(sliced(text, start, stop, step) == "'" + expected + "'");
      }
    }
  }
}

TEST_CASE("what Jinja hides or refuses is told") {
  Budget budget;
  CHECK_THROWS_WITH_AS(attribute(Value::text("a"), "__class__", budget),
                       doctest::Contains("the attribute \"__class__\""), Error);
  const Value changing = attribute(of("[1]"), "append", budget);
  REQUIRE(changing.is<Undefined>());
  CHECK(*changing.get<Undefined>().why == "\"append\" changes a list, which is unsafe");
  CHECK_THROWS_WITH_AS(attribute(Value::undefined("x is undefined"), "y", budget), "x is undefined",
                       Error);
  CHECK_THROWS_WITH_AS(attribute(Value::integer(1), "real", budget),
                       doctest::Contains("the attribute \"real\" of a int"), Error);
  CHECK(attribute_of(Value::none(), "x") == "Undefined");
  CHECK_THROWS_WITH_AS(sliced(of("[1]"), {}, {}, 0), "the step of a slice is 0", Error);
  CHECK_THROWS_WITH_AS(sliced(of("{}"), {}, {}, {}), "a dict cannot be sliced", Error);
}
