#include "core/text/normalizer.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/normalizer");

TEST_CASE("NFC composes, orders marks, and leaves what Unicode excludes") {
  CHECK(to_nfc("e\u0301") == "\u00E9");
  CHECK(to_nfc("a\u0301\u0316") == "\u00E1\u0316");
  CHECK(to_nfc("\u1100\u1161\u11A8") == "\uAC01");
  CHECK(to_nfc("\u0958") == "\u0915\u093C");
  CHECK(to_nfc("\u212B") == "\u00C5");
  CHECK(to_nfc("plain \u00FF").size() == 8);
  CHECK(to_nfc("a\u0345\u1DF6\u0301") ==
        "a\u0345\u1DF6\u0301");  // U+1DF6 came with Unicode 10: `tokenizers` moves no mark over it
}

TEST_CASE("a million marks in the wrong order are put right, in time n log n") {
  std::string text = "a";
  for (int i = 0; i < 500'000; ++i) text += "\u0345\u0316";
  const std::string out = to_nfc(text);
  CHECK(out.size() == text.size());
  CHECK(out.substr(1, 1'000'000).find("\u0345") == std::string::npos);
}

namespace {

Normalizer of(const std::string& json) { return Normalizer(TokenizerJson::parse(json), "x"); }

}  // namespace

TEST_CASE("steps change the text one after the other") {
  CHECK(Normalizer().empty());
  CHECK(of("null").empty());
  CHECK(of("null").apply("e\u0301") == "e\u0301");
  CHECK(of(R"({"type": "NFC"})").apply("e\u0301") == "\u00E9");
  const Normalizer prepend = of(R"({"type": "Prepend", "prepend": "_"})");
  CHECK(prepend.apply("a") == "_a");
  CHECK(prepend.apply("").empty());  // as in `tokenizers`: an empty text stays empty
  const Normalizer sequence = of(R"({"type": "Sequence", "normalizers": [
    {"type": "Prepend", "prepend": " "},
    {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
    {"type": "Replace", "pattern": {"Regex": "[0-9]+"}, "content": "#"}]})");
  CHECK(sequence.apply("a b12c3") == "\u2581a\u2581b#c#");
  CHECK_FALSE(sequence.empty());
}

TEST_CASE("a replacement by nothing removes") {
  CHECK(of(R"({"type": "Replace", "pattern": {"String": "ab"}, "content": ""})").apply("aabb") ==
        "ab");
}

TEST_CASE("what is not supported is refused by name") {
  std::string many = R"({"type": "Sequence", "normalizers": [{"type": "NFC"})";
  for (int i = 0; i < 20; ++i) many += R"(, {"type": "NFC"})";
  for (const auto& [json, words] :
       {std::pair(std::string(R"({"type": "NFKC"})"), "x: normalizer: \"NFKC\" is not supported"),
        std::pair(std::string(R"({"type": "Lowercase"})"), "\"Lowercase\" is not supported"),
        std::pair(std::string(R"({"type": "Sequence"})"), "\"Sequence\" is not supported"),
        std::pair(many + "]}", "a sequence of more than 16"),
        std::pair(R"({"type": "Prepend", "prepend": ")" + std::string(65, 'a') + "\"}",
                  "a text of 65 bytes is not supported"),
        std::pair(std::string("7"), "x: normalizer is neither an object nor null")}) {
    CAPTURE(json);
    CHECK_THROWS_WITH_AS(of(json), doctest::Contains(words), Error);
  }
}

TEST_CASE("a normalizer that makes too much of a text is an error") {
  const std::string more = R"({"type": "Replace", "pattern": {"String": "a"}, "content": ")" +
                           std::string(32, 'a') + "\"}";
  const Normalizer n = of(R"({"type": "Sequence", "normalizers": [)" + more + ", " + more + "]}");
  CHECK_THROWS_WITH_AS(n.apply(std::string(100, 'a')),
                       doctest::Contains("makes a text of more than"), Error);
}
