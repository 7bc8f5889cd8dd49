// Fields of tokenizer.json.

#include "core/text/tokenizer_json.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/tokenizer_json");

TEST_CASE("a member that is absent is null, also of what is no object") {
  const TokenizerJson json = {{"a", 1}};
  CHECK(member(json, "a") == 1);
  CHECK(member(json, "b").is_null());
  CHECK(member(TokenizerJson::array({1}), "a").is_null());
  CHECK(member(nullptr, "a").is_null());
}

TEST_CASE("fields have a type; absent and null ones their fallback") {
  const TokenizerJson json = {{"flag", true}, {"number", -3}, {"text", "t"}, {"none", nullptr}};
  CHECK(flag_of(json, "flag", false, "x"));
  CHECK(flag_of(json, "none", true, "x"));
  CHECK(number_of(json, "number", 0, "x") == -3);
  CHECK(number_of(json, "other", 7, "x") == 7);
  CHECK(text_of(json, "text", "", "x") == "t");
  CHECK(text_of(json, "none", "f", "x") == "f");
  CHECK_THROWS_WITH_AS(flag_of(json, "number", false, "x"),
                       "x: \"number\" is neither true nor false", Error);
  CHECK_THROWS_WITH_AS(number_of(json, "flag", 0, "x"), "x: \"flag\" is not an integer", Error);
  CHECK_THROWS_WITH_AS(number_of({{"n", 1.5}}, "n", 0, "x"), "x: \"n\" is not an integer", Error);
  CHECK_THROWS_WITH_AS(text_of(json, "number", "", "x"), "x: \"number\" is not a text", Error);
}

TEST_CASE("sections name their type") {
  CHECK(type_of({{"type", "BPE"}}, "x") == "BPE");
  CHECK(type_of(nullptr, "x").empty());
  CHECK(type_of(TokenizerJson::object(), "x") == "?");
  CHECK_THROWS_WITH_AS(type_of("BPE", "x"), "x is neither an object nor null", Error);
}

TEST_CASE("what is not supported is said with a way around it") {
  try {
    unsupported("x: model", "dropout");
    FAIL("no error");
  } catch (const Error& e) {
    CHECK(std::string(e.what()) == "x: model: dropout is not supported");
    CHECK(e.hint() == "give token ids instead of text");
  }
}
