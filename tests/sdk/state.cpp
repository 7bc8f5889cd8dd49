#include "tinyzero/state.h"

#include <doctest/doctest.h>

#include <string>

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/state");

TEST_CASE("fields are read in any order, with blanks and unknown fields") {
  const StateReader state(
      " { \"target\" : -46, \"extra\": {\"a\": [1, \"]\", null]}, \"numbers\":[3, "
      "7,25],\n\"op\":\"*\", \"empty\": [] } ");
  CHECK(state.integer("target") == -46);
  CHECK(state.integers("numbers") == std::vector<std::int64_t>{3, 7, 25});
  CHECK(state.integers("empty").empty());
  CHECK(state.text("op") == "*");
}

TEST_CASE("what is not there, or is something else, is a BadState") {
  const StateReader state(
      R"({"n": 3, "list": [1, 2], "text": "a\"b", "real": 1.5, "big": 1234567890123456789})");
  CHECK_THROWS_AS(state.integer("missing"), BadState);
  CHECK_THROWS_AS(state.integer("list"), BadState);
  CHECK_THROWS_AS(state.integers("n"), BadState);
  CHECK_THROWS_AS(state.text("n"), BadState);
  CHECK_THROWS_AS(state.integer("real"), BadState);
  CHECK_THROWS_AS(state.integer("big"), BadState);
  CHECK(state.text("text") == "a\\\"b");
}

TEST_CASE("anything but one object is refused") {
  for (const char* text : {"", "null", "[1]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1", "{\"a\":1}x",
                           "{\"a\":1,}", "{a:1}", "{\"a\":[1}", "{\"a\":\"b}", "{}{}"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(StateReader{text}, BadState);
  }
  std::string deep = "{\"a\":";
  for (int i = 0; i < 50000; ++i) deep += "[";
  CHECK_THROWS_AS(StateReader{deep}, BadState);
  CHECK_THROWS_AS(StateReader{std::string(70000, ' ')}, BadState);
}
