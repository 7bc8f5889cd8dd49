// Values: Python's truth, equality, order and hashing.

#include "core/text/jinja/value.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"

using namespace tinyzero;
using namespace tinyzero::jinja;

TEST_SUITE_BEGIN("core/text/jinja/value");

namespace {

Value text(const char* t) { return Value::text(t); }
Value number(std::int64_t n) { return Value::integer(n); }
Value real(double n) { return Value::number(n); }
Value list(Items items) { return Value::list(std::move(items)); }
Value dict(const Entries& entries) {
  Budget budget;
  return Value::dict(entries, budget);
}

bool equals(const Value& a, const Value& b) {
  Budget budget;
  const bool result = equal(a, b, budget);
  CHECK(equal(b, a, budget) == result);
  return result;
}

bool is_less(const Value& a, const Value& b) {
  Budget budget;
  return less(a, b, budget);
}

}  // namespace

TEST_CASE("empty, zero and undefined are false, everything else is true") {
  const Value safe(Value::Data(Markup{std::make_shared<const std::string>("a")}));
  for (const Value& no : {Value(), Value::none(), Value::boolean(false), number(0), real(0.0),
                          text(""), list({}), Value::tuple({}), dict({})})
    CHECK_FALSE(truth(no));
  for (const Value& yes :
       {Value::boolean(true), number(-1), real(0.5), text("0"), list({Value::none()}),
        dict({{text("a"), Value()}}), safe, Value(Value::Data(Function::range))})
    CHECK(truth(yes));
  CHECK(truth(real(std::nan(""))));
}

TEST_CASE("numbers and booleans are equal by their value, without rounding") {
  CHECK(equals(number(1), real(1.0)));
  CHECK(equals(number(1), Value::boolean(true)));
  CHECK(equals(real(0.0), Value::boolean(false)));
  CHECK_FALSE(equals(number(1), real(1.5)));
  CHECK_FALSE(equals(number(1), text("1")));
  CHECK_FALSE(equals(real(std::nan("")), real(std::nan(""))));
  CHECK(equals(number(INT64_MAX), number(INT64_MAX)));
  CHECK_FALSE(equals(number(INT64_MAX), number(INT64_MAX - 1)));
  Budget budget;
  CHECK_THROWS_WITH_AS(equal(number(INT64_MAX), real(9.3e18), budget),
                       doctest::Contains("a comparison of a large integer and a float"), Error);
}

TEST_CASE("containers are equal by kind and items, dicts in any order") {
  CHECK(equals(list({number(1), text("a")}), list({real(1.0), text("a")})));
  CHECK_FALSE(equals(list({number(1)}), Value::tuple({number(1)})));
  CHECK_FALSE(equals(list({number(1)}), list({number(1), number(2)})));
  CHECK(equals(dict({{text("a"), number(1)}, {text("b"), number(2)}}),
               dict({{text("b"), number(2)}, {text("a"), number(1)}})));
  CHECK_FALSE(equals(dict({{text("a"), number(1)}}), dict({{text("a"), number(2)}})));
  CHECK(equals(Value(), Value::undefined("why")));
  CHECK(equals(Value::none(), Value::none()));
  CHECK_FALSE(equals(Value::none(), Value()));
}

TEST_CASE("order is that of numbers, of characters, and of the first items that differ") {
  CHECK(is_less(number(1), real(1.5)));
  CHECK(is_less(Value::boolean(false), number(1)));
  CHECK(is_less(text("a"), text("b")));
  CHECK(is_less(text("Z"), text("a")));
  CHECK(is_less(text("\u00E9"), text("\u4E2D")));
  CHECK(is_less(list({number(1), number(2)}), list({number(1), number(3)})));
  CHECK(is_less(list({number(1)}), list({number(1), number(0)})));
  CHECK_FALSE(is_less(list({}), list({})));
  for (const auto& [a, b] :
       {std::pair(number(1), text("1")), std::pair(Value::none(), number(1)),
        std::pair(list({}), Value::tuple({})), std::pair(dict({}), dict({}))}) {
    CHECK_THROWS_WITH_AS(is_less(a, b), doctest::Contains("'<' between"), Error);
  }
}

TEST_CASE("dicts keep the order of their keys; an equal key takes the place of the first") {
  const Value d = dict({{text("a"), number(1)},
                        {number(1), number(2)},
                        {text("a"), number(3)},
                        {real(1.0), number(4)}});
  REQUIRE(d.dict()->entries.size() == 2);
  CHECK(d.dict()->entries[0].first.text() == "a");
  CHECK(d.dict()->find(text("a"))->get<std::int64_t>() == 3);
  CHECK(d.dict()->find(Value::boolean(true))->get<std::int64_t>() == 4);
  CHECK(d.dict()->find(text("b")) == nullptr);
}

TEST_CASE("keys are hashable") {
  CHECK(is_hashable(text("a")));
  CHECK(is_hashable(Value::tuple({number(1), Value::none()})));
  CHECK_FALSE(is_hashable(list({})));
  CHECK_FALSE(is_hashable(dict({})));
  CHECK_FALSE(is_hashable(Value::tuple({list({})})));
  CHECK_THROWS_WITH_AS(dict({{list({}), number(1)}}), "a list as the key of a dict", Error);
}

TEST_CASE("None and booleans are the same object if equal; others are not asked") {
  CHECK(same(Value::none(), Value::none()));
  CHECK_FALSE(same(Value::none(), Value::boolean(false)));
  CHECK(same(Value::boolean(true), Value::boolean(true)));
  CHECK_FALSE(same(Value::boolean(true), number(1)));
  CHECK_THROWS_AS(same(text("a"), text("a")), Error);
}

TEST_CASE("numbers and integers, with the type named where they are wanted") {
  CHECK(is_number(Value::boolean(true)));
  CHECK_FALSE(is_number(text("1")));
  CHECK(as_number(number(3)) == 3.0);
  CHECK(as_number(real(2.5)) == 2.5);
  CHECK(as_integer(Value::boolean(true), "x") == 1);
  CHECK_THROWS_WITH_AS(as_integer(real(1.0), "an index"), "an index is a float, not an integer",
                       Error);
  CHECK_THROWS_WITH_AS(as_number(text("1")), "a number is a str, not an integer", Error);
}

TEST_CASE("types have Python's names") {
  CHECK(std::string(Value().type()) == "undefined");
  CHECK(std::string(Value::none().type()) == "None");
  CHECK(std::string(real(1).type()) == "float");
  CHECK(std::string(list({}).type()) == "list");
  CHECK(std::string(Value::sequence(SequenceKind::range, {}).type()) == "range");
  CHECK(std::string(dict({}).type()) == "dict");
  CHECK(std::string(Value(Value::Data(Function::dict)).type()) == "function");
}

TEST_CASE("nesting is bounded where a container is made") {
  Value nested = list({});
  for (int i = 0; i < 63; ++i) nested = list({nested});
  CHECK(nested.sequence()->depth == 64);
  CHECK_THROWS_WITH_AS(list({nested}), doctest::Contains("nested more than 64 deep"), Error);
  CHECK_THROWS_WITH_AS(dict({{text("a"), nested}}), doctest::Contains("nested more than 64 deep"),
                       Error);
  CHECK_THROWS_WITH_AS(list({Value(Value::Data(Function::range))}),
                       doctest::Contains("a function in a list or dict"), Error);
}

TEST_CASE("a budget ends with an error") {
  Budget budget;
  budget.spend(4'999'999);
  CHECK_NOTHROW(budget.spend(1));
  CHECK_THROWS_WITH_AS(budget.spend(1), doctest::Contains("more than five million steps"), Error);
  Budget bytes;
  bytes.take(std::size_t{1} << 29);
  CHECK_THROWS_WITH_AS(bytes.take(1), doctest::Contains("more than 512 MiB"), Error);
  Budget scan;
  scan.spend_scan(256 * 10);
  CHECK(scan.steps == Budget().steps - 11);
  Budget made;
  CHECK(Value::text("abc", made).text() == "abc");
  CHECK(made.bytes == Budget().bytes - 3);
}

TEST_CASE("a namespace finds its attributes") {
  Namespace space;
  space.attributes.emplace_back("a", number(1));
  REQUIRE(space.find("a") != nullptr);
  *space.find("a") = number(2);
  CHECK(space.find("a")->get<std::int64_t>() == 2);
  CHECK(space.find("b") == nullptr);
}
