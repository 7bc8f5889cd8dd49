// Arguments of a call.

#include "core/text/jinja/arguments.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

using namespace tinyzero;
using namespace tinyzero::jinja;

TEST_SUITE_BEGIN("core/text/jinja/arguments");

namespace {

const CallArguments kGiven{.positional = {Value::integer(1), Value::text("two")},
                           .named = {{"c", Value::boolean(false)}, {"d", Value::none()}}};

}  // namespace

TEST_CASE("parameters are read in order, by position or by name") {
  ArgumentReader reader(kGiven, "f()");
  CHECK(reader.integer("a", 0) == 1);
  CHECK(reader.text("b") == "two");
  CHECK_FALSE(reader.flag("c", true));
  CHECK(reader.optional_text("d") == nullptr);
  CHECK(reader.optional("e") == nullptr);
  CHECK(reader.integer("f", 7) == 7);
  CHECK(reader.flag("g", true));
  CHECK_NOTHROW(reader.finish());
}

TEST_CASE("arguments that nobody reads are too many") {
  ArgumentReader reader(kGiven, "f()");
  reader.required("a");
  CHECK_THROWS_WITH_AS(reader.finish(), "f() takes fewer arguments than 4", Error);
}

TEST_CASE("missing, doubled and wrong arguments are named") {
  const CallArguments one{.positional = {Value::integer(1)}, .named = {{"a", Value::integer(2)}}};
  CHECK_THROWS_WITH_AS(ArgumentReader(one, "f()").optional("a"), "f() is given \"a\" twice", Error);
  ArgumentReader reader(one, "f()");
  CHECK_THROWS_WITH_AS(reader.text("x"), "f(): \"x\" is a int", Error);
  CHECK_THROWS_WITH_AS(reader.required("y"), "f() lacks \"y\"", Error);
  CHECK_THROWS_WITH_AS(ArgumentReader(one, "f()").optional_text("x"), "f(): \"x\" is a int", Error);
  const CallArguments word{.positional = {Value::text("a")}, .named = {}};
  CHECK_THROWS_WITH_AS(ArgumentReader(word, "f()").integer("n", 0), "n is a str, not an integer",
                       Error);
}
