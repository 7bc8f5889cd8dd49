// Tokens back into text, at once and one by one.

#include "core/text/decoder.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/tokenizer.h"
#include "support/golden.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/decoder");

namespace {

Decoder decoder(const char* json) { return Decoder(TokenizerJson::parse(json), "x"); }

// The decoder of Llama 2 and Mistral.
const char* const kLlama2 = R"({"type": "Sequence", "decoders": [
  {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
  {"type": "ByteFallback"}, {"type": "Fuse"},
  {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})";

Decoder with_tokens(Decoder out, const std::vector<std::string>& tokens) {
  for (std::size_t i = 0; i < tokens.size(); ++i) out.set(i, tokens[i], false, "x");
  return out;
}

}  // namespace

TEST_CASE("byte-level tokens are the bytes of their symbols; others are left as they are") {
  Decoder d = decoder(R"({"type": "ByteLevel"})");
  CHECK(d.byte_level());
  d.set(0, "\u0120a", false, "x");  // Ġ is the symbol of a space
  d.set(1, "\u010A", false, "x");   // Ċ is that of a line end
  d.set(2, "\u4E2D", false, "x");   // no symbol: an added token
  d.set(3, "\u00E4", false, "x");   // the symbol of byte E4, the beginning of a character
  CHECK(d.decode({0, 1}, Specials::skip) == " a\n");
  CHECK(d.decode({2}, Specials::skip) == "\u4E2D");
  CHECK(d.decode({3}, Specials::skip) == "\xE4");
}

TEST_CASE("special tokens are skipped or kept; ids without a token are skipped") {
  Decoder d = decoder(R"({"type": "ByteLevel"})");
  d.set(0, "a", false, "x");
  d.set(5, "<end>", true, "x");
  CHECK(d.size() == 6);
  CHECK(d.decode({0, 5, 0, 3, -1, 100}, Specials::skip) == "aa");
  CHECK(d.decode({0, 5, 0, 3, -1, 100}, Specials::keep) == "a<end>a");
}

TEST_CASE("an id has one text") {
  Decoder d = decoder(R"({"type": "ByteLevel"})");
  d.set(1, "a", false, "x");
  CHECK_NOTHROW(d.set(1, "a", true, "x"));
  CHECK_THROWS_WITH_AS(d.set(1, "b", false, "x"), "x: the id 1 belongs to \"a\" and to \"b\"",
                       Error);
}

TEST_CASE("Llama 2: marks become spaces, byte tokens characters, the first space goes") {
  const Decoder d = with_tokens(decoder(kLlama2),
                                {"\u2581a", "b", "<0xE4>", "<0xBD>", "<0xA0>", "\u2581", "<0x0A>"});
  CHECK_FALSE(d.byte_level());
  CHECK(d.decode({0, 1}, Specials::skip) == "ab");
  CHECK(d.decode({1, 0}, Specials::skip) == "b a");
  CHECK(d.decode({5, 0}, Specials::skip) == " a");  // one space goes, not both
  CHECK(d.decode({1, 2, 3, 4, 1}, Specials::skip) == "b\u4F60b");
  CHECK(d.decode({1, 6, 1}, Specials::skip) == "b\nb");
}

TEST_CASE("bytes that are no character become one U+FFFD each, as in `tokenizers`") {
  const Decoder d = with_tokens(decoder(kLlama2), {"a", "<0xE4>", "<0xBD>", "<0x41>"});
  const std::string one(kReplacement);
  CHECK(d.decode({0, 1, 2, 0}, Specials::skip) == "a" + one + one + "a");
  CHECK(d.decode({0, 1, 2, 3}, Specials::skip) == "a" + one + one + one);
  CHECK(d.decode({3}, Specials::skip) == "A");
}

TEST_CASE("without byte fallback a token <0x41> is a text like any other") {
  const Decoder d =
      with_tokens(decoder(R"({"type": "Sequence", "decoders": [{"type": "Fuse"}]})"), {"<0x41>"});
  CHECK(d.decode({0}, Specials::skip) == "<0x41>");
}

TEST_CASE("steps in another order, twice or of another kind are refused") {
  for (const auto& [steps, words] :
       {std::pair(R"({"type": "Fuse"}, {"type": "ByteFallback"})", "\"ByteFallback\" at this"),
        std::pair(R"({"type": "Fuse"}, {"type": "Fuse"})", "\"Fuse\" at this position"),
        std::pair(R"({"type": "Metaspace"})", "\"Metaspace\" at this position"),
        std::pair(R"({"type": "Strip", "content": " ", "start": 1})", "this \"Strip\""),
        std::pair(R"({"type": "Fuse"}, {"type": "Strip", "content": "  "})", "this \"Strip\""),
        std::pair(R"({"type": "Replace", "pattern": {"String": "a"}, "content": "bb"})",
                  "this \"Replace\"")}) {
    const std::string json = R"({"type": "Sequence", "decoders": [)" + std::string(steps) + "]}";
    CAPTURE(json);
    CHECK_THROWS_WITH_AS(decoder(json.c_str()), doctest::Contains(words), Error);
  }
  CHECK_THROWS_WITH_AS(decoder("null"), doctest::Contains("x: decoder: no decoder"), Error);
  CHECK_NOTHROW(decoder(R"({"type": "Sequence", "decoders": [{"type": "ByteLevel"}]})"));
}

TEST_CASE("a stream strips only at the beginning, over any number of tokens") {
  const Decoder d = with_tokens(decoder(R"({"type": "Sequence", "decoders": [{"type": "Fuse"},
    {"type": "Strip", "content": " ", "start": 2, "stop": 0}]})"),
                                {" ", " a", "b "});
  TextStream stream(d);
  CHECK(stream.push(0).empty());
  CHECK(stream.push(1) == "a");
  CHECK(stream.push(0) == " ");
  CHECK(stream.push(2) == "b ");
  CHECK(stream.finish().empty());
  CHECK(d.decode({0, 0, 0, 1}, Specials::skip) == "  a");
}

TEST_CASE("a stream shows whole characters only, and all of the text in the end") {
  for (const fs::path& folder : golden_models()) {
    const Tokenizer t = Tokenizer::load(folder);
    for (const Json& c : json_lines(folder / "golden" / "decode_cases.jsonl")) {
      CAPTURE(c.dump());
      TextStream stream = t.stream();
      std::string shown;
      for (const std::int32_t id : c.at("ids").get<std::vector<std::int32_t>>()) {
        const std::string more = stream.push(id);
        CHECK(is_utf8(more));
        shown += more;
      }
      CHECK(shown + stream.finish() == c.at("decoded_skip_special").get<std::string>());
    }
  }
}

TEST_CASE("a character that comes in pieces is shown when it is whole") {
  const Tokenizer t = Tokenizer::make(false);
  TextStream stream = t.stream();
  std::vector<std::string> shown;
  for (const char byte : std::string("a\xF0\x9F\x98\x80z\xE4\xBD"))
    shown.push_back(stream.push(t.encode(std::string(1, byte)).front()));
  CHECK(shown == std::vector<std::string>{"a", "", "", "", "\xF0\x9F\x98\x80", "z", "", ""});
  CHECK(stream.finish() == kReplacement);
}
