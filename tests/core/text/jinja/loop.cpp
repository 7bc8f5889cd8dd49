// Iteration, and what `loop` tells.

#include "core/text/jinja/loop.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/text/jinja/from_json.h"
#include "support/rendered.h"

using namespace tinyzero;
using namespace tinyzero::jinja;

TEST_SUITE_BEGIN("core/text/jinja/loop");

namespace {

Items numbers(std::int64_t count) {
  Items out;
  for (std::int64_t i = 0; i < count; ++i) out.push_back(Value::integer(i));
  return out;
}

// A loop over 0 … count-1 whose length is known or not.
Loop loop_over(std::int64_t count, std::int64_t length) {
  auto source = std::make_shared<Iterator>(numbers(count));
  return Loop([source] { return source->next(); }, length);
}

std::int64_t number(Loop& loop, const char* name) { return as_integer(loop.attribute(name), name); }

}  // namespace

TEST_CASE("an iterator gives each value once") {
  Iterator iterator(numbers(2));
  CHECK(iterator.next());
  CHECK(iterator.next());
  CHECK_FALSE(iterator.next());
}

TEST_CASE("items of everything that can be iterated over") {
  Budget budget;
  CHECK(all_items(Value::text("a\u00E9"), budget).size() == 2);
  CHECK(all_items(from_json(Json::parse(R"({"a": 1, "b": 2})")), budget)[1].text() == "b");
  CHECK(all_items(Value::list(numbers(3)), budget).size() == 3);
  CHECK(all_items(Value(), budget).empty());
  const Value once = iterator(numbers(2));
  CHECK(all_items(once, budget).size() == 2);
  CHECK(all_items(once, budget).empty());
  CHECK_THROWS_WITH_AS(all_items(Value::integer(1), budget), "a int cannot be iterated over",
                       Error);
}

TEST_CASE("sizes of values") {
  CHECK(size_of(Value::text("a\u00E9")) == 2);
  CHECK(size_of(Value()) == 0);
  CHECK(has_size(Value::list({})));
  CHECK_FALSE(has_size(iterator({})));
  CHECK(is_iterable(iterator({})));
  CHECK_FALSE(is_iterable(Value::none()));
  CHECK_THROWS_WITH_AS(size_of(iterator({})), "a iterator has no length", Error);
}

TEST_CASE("a loop counts its items, whether their number is known or not") {
  for (const std::int64_t length : {3, -1}) {
    Loop loop = loop_over(3, length);
    for (std::int64_t i = 0; i < 3; ++i) {
      REQUIRE(loop.step()->get<std::int64_t>() == i);
      CHECK(number(loop, "index") == i + 1);
      CHECK(number(loop, "index0") == i);
      CHECK(number(loop, "revindex") == 3 - i);
      CHECK(number(loop, "revindex0") == 2 - i);
      CHECK(number(loop, "length") == 3);
      CHECK(truth(loop.attribute("first")) == (i == 0));
      CHECK(truth(loop.attribute("last")) == (i == 2));
    }
    CHECK_FALSE(loop.step());
  }
}

TEST_CASE("neighbours of an item, undefined at the ends") {
  Loop loop = loop_over(2, 2);
  loop.step();
  CHECK(loop.attribute("previtem").is<Undefined>());
  CHECK(number(loop, "nextitem") == 1);
  loop.step();
  CHECK(number(loop, "previtem") == 0);
  CHECK(loop.attribute("nextitem").is<Undefined>());
  CHECK(loop.attribute("nope").is<Undefined>());
  CHECK(number(loop, "depth") == 1);
  CHECK(number(loop, "depth0") == 0);
}

TEST_CASE("cycle and changed") {
  Budget budget;
  Loop loop = loop_over(3, 3);
  const CallArguments two{.positional = {Value::text("a"), Value::text("b")}, .named = {}};
  std::string cycled;
  while (loop.step()) cycled += loop.cycle(two).text();
  CHECK(cycled == "aba");
  CHECK(loop.changed(two, budget));
  CHECK_FALSE(loop.changed(two, budget));
  CHECK(loop.changed({}, budget));
  CHECK_THROWS_AS(loop.cycle({}), Error);
}

TEST_CASE("loop in templates, also inside of macros and nested loops") {
  check_rendered({
      {"{% for m in messages %}{{ loop.index }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}"
       "{{ loop.length }}{{ (loop.nextitem or {}).role }} {% endfor %}",
       "12TrueFalse3assistant 21FalseFalse3user 30FalseTrue3 "},
      {"{% for i in range(2) %}{% for j in range(2) %}{{ loop.index }}{% endfor %}"
       "{{ loop.index }}{% endfor %}",
       "121122"},
  });
}
