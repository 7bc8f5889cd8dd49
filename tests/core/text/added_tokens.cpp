// Texts that are one token wherever they occur.

#include "core/text/added_tokens.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/added_tokens");

namespace {

TokenizerJson token(int id, const std::string& content, const TokenizerJson& more = {}) {
  TokenizerJson out = {{"id", id}, {"content", content}};
  if (more.is_object()) out.update(more);
  return out;
}

AddedTokens of(const TokenizerJson& json) { return AddedTokens(json, Normalizer(), "x"); }

AddedTokens tokens(std::initializer_list<TokenizerJson> list) {
  TokenizerJson json = TokenizerJson::array();
  for (const TokenizerJson& one : list) json.push_back(one);
  return of(json);
}

// Tokens in brackets, text between them without.
std::string cut(const AddedTokens& added, const std::string& text, bool normalized = false) {
  std::string out;
  for (const AddedTokens::Segment& s : added.split(text, normalized)) {
    const std::string part = text.substr(s.start, s.end - s.start);
    out += s.token == nullptr ? part : "[" + part + "]";
  }
  return out;
}

}  // namespace

TEST_CASE("the longest text of a set that starts at a position") {
  TextSet set;
  CHECK(set.empty());
  CHECK_FALSE(set.longest("abc", 0));
  set.add("ab", 1);
  set.add("abcd", 2);
  set.add("b", 3);
  set.add("ab", 4);  // the first of equals counts
  CHECK_FALSE(set.empty());
  const auto at = [&](std::string_view text, std::size_t position) {
    const auto match = set.longest(text, position);
    return match ? std::pair(match->value, match->length)
                 : std::pair(std::size_t{0}, std::size_t{0});
  };
  CHECK(at("abcd", 0) == std::pair<std::size_t, std::size_t>(2, 4));
  CHECK(at("abcx", 0) == std::pair<std::size_t, std::size_t>(1, 2));
  CHECK(at("abcx", 1) == std::pair<std::size_t, std::size_t>(3, 1));
  CHECK(at("abcx", 2).second == 0);
  CHECK(at("a", 0).second == 0);
}

TEST_CASE("tokens are cut out of a text, the longest first, from left to right") {
  const AddedTokens added = tokens({token(1, "<a>"), token(2, "<a><b>"), token(3, "a>")});
  CHECK(cut(added, "x<a>y<a><b>", true) == "x[<a>]y[<a><b>]");
  CHECK(cut(added, "<a<a>", true) == "<a[<a>]");
  CHECK(cut(added, "", true).empty());
  CHECK(cut(added, "none", true) == "none");
  CHECK(added.find("<a>")->id == 1);
  CHECK(added.find("<c>") == nullptr);
  CHECK(added.all().size() == 3);
}

TEST_CASE("special tokens are found in the text as it is, others in the normalized text") {
  const AddedTokens added = tokens({token(1, "<s>", {{"special", true}}), token(2, "<n>")});
  CHECK(cut(added, "<s><n>", false) == "[<s>]<n>");
  CHECK(cut(added, "<s><n>", true) == "<s>[<n>]");
  CHECK(added.find("<s>")->special);
  CHECK_FALSE(added.find("<s>")->normalized);
  CHECK(added.find("<n>")->normalized);
}

TEST_CASE("a normalized token is found by its normalized text") {
  const Normalizer upper(
      TokenizerJson::parse(R"({"type": "Replace", "pattern": {"String": "a"}, "content": "A"})"),
      "x");
  const AddedTokens added(TokenizerJson::array({token(1, "<a>")}), upper, "x");
  CHECK(added.all()[0].shown == "<A>");
  CHECK(cut(added, "<a><A>", true) == "<a>[<A>]");
}

TEST_CASE("white space next to a token goes with it if it strips") {
  const AddedTokens left = tokens({token(1, "<m>", {{"lstrip", true}})});
  const AddedTokens right = tokens({token(1, "<m>", {{"rstrip", true}})});
  CHECK(cut(left, "a \u3000\n<m> b", true) == "a[ \u3000\n<m>] b");
  CHECK(cut(right, "a <m> \u3000b", true) == "a [<m> \u3000]b");
  CHECK(cut(left, "<m> <m>", true) == "[<m>][ <m>]");
  CHECK(cut(right, "<m> <m>", true) == "[<m> ][<m>]");
}

TEST_CASE("a single word is found only between other characters than letters and digits") {
  const AddedTokens added = tokens({token(1, "on", {{"single_word", true}})});
  CHECK(cut(added, "on", true) == "[on]");
  CHECK(cut(added, "go on.", true) == "go [on].");
  CHECK(cut(added, "upon", true) == "upon");
  CHECK(cut(added, "once", true) == "once");
  CHECK(cut(added, "on_", true) == "on_");  // a connector belongs to a word
  CHECK(cut(added, "\u00E9on", true) == "\u00E9on");
  CHECK(cut(added, "\u4E2Don", true) == "\u4E2Don");
  CHECK(cut(added, "(on)", true) == "([on])");
}

TEST_CASE("what is no list of tokens is refused") {
  CHECK(of(nullptr).all().empty());
  for (const auto& [json, words] :
       {std::pair(R"({})", "\"added_tokens\" is not a list"),
        std::pair(R"([{"id": 1}])", "x: added token 1 has no \"content\" or no \"id\""),
        std::pair(R"([{"id": "1", "content": "a"}])", "has no \"content\" or no \"id\""),
        std::pair(R"([{"id": 1, "content": ""}])", "a text of 0 bytes is not supported"),
        std::pair(R"([{"id": 1, "content": "a"}, {"id": 2, "content": "a"}])",
                  "x: added token 2, \"a\", appears twice"),
        std::pair(R"([{"id": 1, "content": "a", "special": 1}])",
                  "\"special\" is neither true nor false")}) {
    CAPTURE(json);
    CHECK_THROWS_WITH_AS(of(TokenizerJson::parse(json)), doctest::Contains(words), Error);
  }
  CHECK_THROWS_WITH_AS(tokens({token(1, std::string(1025, 'a'))}),
                       doctest::Contains("a text of 1025 bytes is not supported"), Error);
  CHECK(of(TokenizerJson::parse(R"([{"id": 99999999999, "content": "a"}])")).all()[0].id ==
        INT32_MAX);
}
