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

TEST_CASE("a normalizer that makes too much of a text is an error") {
  const Normalizer n(TokenizerJson::parse(R"({"type": "Sequence", "normalizers": [
    {"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    {"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]})"),
                     "x");
  CHECK_THROWS_WITH_AS(n.apply(std::string(100, 'a')),
                       doctest::Contains("makes a text of more than"), Error);
}
