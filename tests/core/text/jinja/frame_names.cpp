// Names of a frame: slots, and where their values come from.

#include "core/text/jinja/frame_names.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/text/jinja/parser.h"

using namespace tinyzero;
using namespace tinyzero::jinja;

TEST_SUITE_BEGIN("core/text/jinja/frame_names");

namespace {

// How the slot of a name gets its value; nothing if it has none of its own or no load.
std::optional<Load::How> how(const Scope& scope, const std::string& name) {
  const auto found = scope.find(name);
  if (!found) return std::nullopt;
  for (const Load& load : scope.loads()) {
    if (load.slot == found->slot) return load.how;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("a name that is read comes from the context, one that is assigned begins with nothing") {
  int count = 0;
  Scope scope(nullptr, count);
  collect(parse("{{ a }}{% set b = a %}{{ b }}{% set a = 1 %}"), scope);
  CHECK(how(scope, "a") == Load::How::context);
  CHECK(how(scope, "b") == Load::How::missing);
  CHECK_FALSE(scope.find("c"));
  CHECK(count == 2);
}

TEST_CASE("a parameter has its value already") {
  int count = 0;
  Scope scope(nullptr, count);
  const int slot = scope.declare_parameter("a");
  scope.load("a");
  CHECK(scope.find("a")->slot == slot);
  CHECK_FALSE(how(scope, "a"));
}

TEST_CASE("an inner frame reads the outer variable, or begins its own with that value") {
  int count = 0;
  Scope outer(nullptr, count);
  outer.store("a");
  Scope inner = outer.inner();
  inner.load("a");
  CHECK(inner.find("a")->slot == outer.find("a")->slot);
  CHECK(inner.loads().empty());
  Scope assigning = outer.inner();
  assigning.store("a");
  CHECK(assigning.find("a")->slot != outer.find("a")->slot);
  CHECK(how(assigning, "a") == Load::How::alias);
  CHECK(assigning.function() == 0);
}

TEST_CASE("a function counts its own slots, and finds outer variables by distance") {
  int outer_count = 0;
  int inner_count = 0;
  Scope outer(nullptr, outer_count);
  outer.store("a");
  Scope function(&outer, inner_count);
  CHECK(function.function() == 1);
  CHECK(function.find("a")->function == 0);
  function.store("a");
  CHECK(function.find("a")->function == 1);
  REQUIRE(function.loads().size() == 1);
  CHECK(function.loads()[0].original.up == 1);
  CHECK(inner_count == 1);
  CHECK(outer_count == 1);
}

TEST_CASE("branches give out the same slots; what one of them assigns begins with the context") {
  int count = 0;
  Scope scope(nullptr, count);
  collect(parse("{% if c %}{% set a = 1 %}{% else %}{% set a = 2 %}{% set b = 3 %}{% endif %}"),
          scope);
  CHECK(how(scope, "a") == Load::How::context);
  CHECK(how(scope, "b") == Load::How::context);
  CHECK(count == 3);  // a, b and c
}

TEST_CASE("frames inside are left out") {
  int count = 0;
  Scope scope(nullptr, count);
  collect(parse("{% for i in list %}{{ i }}{{ x }}{% set y = 1 %}{% endfor %}"), scope);
  CHECK(scope.find("list"));
  CHECK_FALSE(scope.find("i"));
  CHECK_FALSE(scope.find("x"));
  CHECK_FALSE(scope.find("y"));
}
