// Pieces of text: expected ones are those of the library `tokenizers`.

#include "core/text/pre_tokenizer.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/pre_tokenizer");

namespace {

PreTokenizer of(const std::string& json) { return PreTokenizer(TokenizerJson::parse(json), "x"); }

// The pieces with a bar between them.
std::string pieces(const PreTokenizer& tokenizer, const std::string& text, bool at_start = true) {
  std::string out;
  tokenizer.split(text, at_start, [&](std::string_view piece) {
    out += (out.empty() ? "" : "|") + std::string(piece);
  });
  return out;
}

std::string split(const std::string& behaviour, const std::string& text, bool invert = false) {
  return pieces(of(R"({"type": "Split", "pattern": {"String": "-"}, "behavior": ")" + behaviour +
                   R"(", "invert": )" + (invert ? "true" : "false") + "}"),
                text);
}

}  // namespace

TEST_CASE("without a pre-tokenizer the text is one piece") {
  CHECK(PreTokenizer().whole());
  CHECK(of("null").whole());
  CHECK(pieces(of("null"), "a b") == "a b");
  CHECK(pieces(of("null"), "").empty());
}

TEST_CASE("Split with every behaviour, as the documentation of `tokenizers` shows it") {
  const std::string text = "the-final--countdown";
  CHECK(split("Removed", text) == "the|final|countdown");
  CHECK(split("Isolated", text) == "the|-|final|-|-|countdown");
  CHECK(split("MergedWithPrevious", text) == "the-|final-|-|countdown");
  CHECK(split("MergedWithNext", text) == "the|-final|-|-countdown");
  CHECK(split("Contiguous", text) == "the|-|final|--|countdown");
}

TEST_CASE("Split at the ends, and of nothing but matches") {
  CHECK(split("Removed", "-a-") == "a");
  CHECK(split("Removed", "--").empty());
  CHECK(split("Isolated", "-") == "-");
  CHECK(split("MergedWithPrevious", "-a-") == "-|a-");
  CHECK(split("MergedWithNext", "-a-") == "-a|-");
  CHECK(split("Contiguous", "--") == "--");
}

TEST_CASE("inverted, what lies between matches counts as the match") {
  CHECK(split("Removed", "a-b", true) == "-");
  CHECK(split("Isolated", "a-b", true) == "a|-|b");
  CHECK(split("MergedWithNext", "a-b", true) == "a-|b");
}

TEST_CASE("digits, each alone or together") {
  CHECK(pieces(of(R"({"type": "Digits", "individual_digits": true})"), "a12b3") == "a|1|2|b|3");
  CHECK(pieces(of(R"({"type": "Digits"})"), "a12b3") == "a|12|b|3");
  CHECK(pieces(of(R"({"type": "Digits"})"), "\u0662\u0663x") == "\u0662\u0663|x");
}

TEST_CASE("ByteLevel splits by GPT-2's expression and may put a space in front") {
  const PreTokenizer plain = of(R"({"type": "ByteLevel", "add_prefix_space": false})");
  CHECK(plain.byte_level());
  CHECK(pieces(plain, "I'll go  on, 12x!") == "I|'ll| go| | on|,| 12|x|!");
  CHECK(pieces(plain, "a\n\n b") == "a|\n\n| b");
  const PreTokenizer prefix = of(R"({"type": "ByteLevel", "add_prefix_space": true})");
  CHECK(pieces(prefix, "a b") == " a| b");
  CHECK(pieces(prefix, " a b") == " a| b");
  const PreTokenizer whole =
      of(R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})");
  CHECK(whole.whole());
  CHECK(pieces(whole, "a b") == "a b");
}

TEST_CASE("Metaspace marks spaces, and puts a mark in front always, first or never") {
  const auto meta = [](const char* scheme, const std::string& text, bool at_start) {
    return pieces(of(R"({"type": "Metaspace", "replacement": "_", "prepend_scheme": ")" +
                     std::string(scheme) + "\"}"),
                  text, at_start);
  };
  CHECK(meta("always", "a b", true) == "_a|_b");
  CHECK(meta("always", "a b", false) == "_a|_b");
  CHECK(meta("always", " a b", true) == "_a|_b");
  CHECK(meta("first", "a b", true) == "_a|_b");
  CHECK(meta("first", "a b", false) == "a|_b");
  CHECK(meta("never", "a b", true) == "a|_b");
  CHECK(meta("never", "a  b", true) == "a|_|_b");
  CHECK(pieces(of(R"({"type": "Metaspace", "split": false})"), "a b") == "\u2581a\u2581b");
}

TEST_CASE("steps of a sequence work on the pieces before them; only the first is at the start") {
  const PreTokenizer sequence = of(R"({"type": "Sequence", "pretokenizers": [
    {"type": "Split", "pattern": {"String": "-"}, "behavior": "Removed"},
    {"type": "Metaspace", "replacement": "_", "prepend_scheme": "first"},
    {"type": "Digits", "individual_digits": true}]})");
  CHECK(pieces(sequence, "a1-b 2") == "_a|1|b|_|2");
  CHECK(pieces(sequence, "-a") == "a");  // the piece does not begin the text
}

TEST_CASE("what is not supported is refused by name") {
  for (const auto& [json, words] :
       {std::pair(R"({"type": "Whitespace"})", "x: pre_tokenizer: \"Whitespace\""),
        std::pair(R"({"type": "Split", "pattern": {"String": "a"}, "behavior": "Twice"})",
                  "Split with the behavior \"Twice\""),
        std::pair(R"({"type": "Split", "pattern": 3, "behavior": "Removed"})", "a pattern is"),
        std::pair(R"({"type": "Metaspace", "add_prefix_space": true})", "with add_prefix_space"),
        std::pair(R"({"type": "Metaspace", "replacement": ""})", "this \"Metaspace\""),
        std::pair(R"({"type": "Metaspace", "prepend_scheme": "last"})",
                  "with the prepend_scheme \"last\""),
        std::pair(R"({"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"},
                     {"type": "Digits"}]})",
                  "\"Digits\" after \"ByteLevel\""),
        std::pair(R"({"type": "Sequence", "pretokenizers": [{"type": "Metaspace"},
                     {"type": "Metaspace"}]})",
                  "this \"Metaspace\""),
        std::pair("[]", "is neither an object nor null")}) {
    CAPTURE(json);
    CHECK_THROWS_WITH_AS(of(json), doctest::Contains(words), Error);
  }
  std::string long_sequence = R"({"type": "Sequence", "pretokenizers": [{"type": "Digits"})";
  for (int i = 0; i < 20; ++i) long_sequence += R"(, {"type": "Digits"})";
  CHECK_THROWS_WITH_AS(of(long_sequence + "]}"), doctest::Contains("a sequence of more than 16"),
                       Error);
}
