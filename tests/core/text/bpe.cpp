// Byte pair encoding against a plain implementation of its rule.

#include "core/text/bpe.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/text/tokenizer.h"
#include "core/text/tokenizer_file.h"
#include "support/golden.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/bpe");

namespace {

using Ids = std::vector<std::int32_t>;

TokenizerFile file_of(const std::string& model) {
  return parse_tokenizer_file(R"({"model": )" + model + "}", "x");
}

Ids encoded(const Bpe& bpe, std::string_view piece) {
  Ids out;
  Bpe::Encoder(bpe).encode(piece, out);
  return out;
}

// A byte-level model over a, b, c with some merges.
const char* const kModel = R"({"type": "BPE",
  "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "bc": 4, "abc": 5, "aa": 6},
  "merges": ["b c", "a b", "ab c", "a a"]})";

// The rule as it is defined: while any pair can merge, merge the leftmost of lowest rank.
std::vector<std::string> merged(std::vector<std::string> symbols,
                                const std::vector<std::pair<std::string, std::string>>& merges) {
  std::map<std::pair<std::string, std::string>, std::size_t> ranks;
  for (std::size_t i = 0; i < merges.size(); ++i) ranks[merges[i]] = i;
  while (true) {
    std::size_t best = SIZE_MAX;
    std::size_t at = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto found = ranks.find({symbols[i], symbols[i + 1]});
      if (found == ranks.end() || found->second >= best) continue;
      best = found->second;
      at = i;
    }
    if (best == SIZE_MAX) return symbols;
    symbols[at] += symbols[at + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

}  // namespace

TEST_CASE("every byte has a symbol of its own, printable ones themselves") {
  CHECK(byte_symbol('a') == "a");
  CHECK(byte_symbol(' ') == "\u0120");
  CHECK(byte_symbol('\n') == "\u010A");
  CHECK(byte_symbol(0) == "\u0100");
  CHECK(byte_symbol(0xAD) == "\u0143");  // the soft hyphen does not print
  CHECK(byte_symbol(0xFF) == "\u00FF");
  for (int b = 0; b < 256; ++b) {
    CHECK(symbols_to_bytes(byte_symbol(b)) == std::string(1, static_cast<char>(b)));
  }
  CHECK(symbols_to_bytes("\u0120the") == " the");
  CHECK_FALSE(symbols_to_bytes("a b"));  // a space is no symbol
  CHECK_FALSE(symbols_to_bytes("\u4E2D"));
  CHECK_FALSE(symbols_to_bytes("\xFF"));  // nor is what is no UTF-8
}

TEST_CASE("pairs merge by rank, the leftmost of equals first") {
  const Bpe bpe(file_of(kModel), true, "x");
  CHECK(encoded(bpe, "abc") == Ids{0, 4});  // "b c" comes before "a b"
  CHECK(encoded(bpe, "ab") == Ids{3});
  CHECK(encoded(bpe, "aaa") == Ids{6, 0});
  CHECK(encoded(bpe, "aaab") == Ids{6, 3});
  CHECK(encoded(bpe, "").empty());
}

TEST_CASE("a whole token may count before its merges") {
  std::string model(kModel);
  model.insert(1, R"("ignore_merges": true, )");
  CHECK(encoded(Bpe(file_of(model), true, "x"), "abc") == Ids{5});
  CHECK(encoded(Bpe(file_of(model), true, "x"), "abca") == Ids{0, 4, 0});
}

TEST_CASE("random pieces are merged as the rule says") {
  const TokenizerFile file = file_of(kModel);
  const Bpe bpe(file, true, "x");
  Rng rng(1);
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<std::string> symbols;
    for (std::uint64_t i = 1 + rng.below(70); i > 0; --i)
      symbols.emplace_back(1, static_cast<char>('a' + rng.below(3)));
    std::string piece;
    for (const std::string& symbol : symbols) piece += symbol;
    std::vector<std::string> ours;
    for (const std::int32_t id : encoded(bpe, piece)) {
      const auto found = std::find_if(file.vocab.begin(), file.vocab.end(),
                                      [&](const auto& token) { return token.second == id; });
      REQUIRE(found != file.vocab.end());
      ours.push_back(found->first);
    }
    CAPTURE(piece);
    CHECK(ours == merged(symbols, file.merges));
  }
}

TEST_CASE("an encoder that remembers pieces gives what a new one gives") {
  const Bpe bpe(file_of(kModel), true, "x");
  Bpe::Encoder encoder(bpe);
  for (int again = 0; again < 3; ++again) {
    for (const std::string piece : {"abc", "aab", "cab", "abc"}) {
      Ids out = {7};
      encoder.encode(piece, out);
      Ids expected = encoded(bpe, piece);
      expected.insert(expected.begin(), 7);
      CHECK(out == expected);
    }
  }
}

TEST_CASE("a symbol without a token is the unknown one, once for several if fused, or nothing") {
  const std::string vocab = R"("vocab": {"a": 0, "<unk>": 1}, "merges": [])";
  const auto model = [&](const std::string& more) {
    return Bpe(file_of(R"({"type": "BPE", )" + more + vocab + "}"), false, "x");
  };
  CHECK(encoded(model(R"("unk_token": "<unk>", )"), "a??a") == Ids{0, 1, 1, 0});
  CHECK(encoded(model(R"("unk_token": "<unk>", "fuse_unk": true, )"), "a??a?") == Ids{0, 1, 0, 1});
  CHECK(encoded(model(""), "a??a") == Ids{0, 0});
  CHECK_THROWS_WITH_AS(model(R"("unk_token": "<none>", )"),
                       "x: model: the unk_token \"<none>\" is not in the vocabulary", Error);
}

TEST_CASE("with byte fallback a character without a token becomes its bytes") {
  std::string vocab = R"({"a": 256)";
  for (int b = 0; b < 256; ++b) vocab += fmt::format(", \"<0x{:02X}>\": {}", b, b);
  const std::string head = R"({"type": "BPE", "byte_fallback": true, "merges": [], "vocab": )";
  const Bpe bpe(file_of(head + vocab + "}}"), false, "x");
  CHECK(bpe.byte_fallback());
  CHECK(encoded(bpe, "a\u00E9") == Ids{256, 0xC3, 0xA9});
  CHECK_THROWS_WITH_AS(Bpe(file_of(head + R"({"a": 0}})"), false, "x"),
                       doctest::Contains("byte_fallback without tokens for all bytes"), Error);
  CHECK_THROWS_WITH_AS(Bpe(file_of(head + vocab + "}}"), true, "x"),
                       doctest::Contains("byte_fallback with ByteLevel"), Error);
}

TEST_CASE("models that are no such BPE are refused by what they need") {
  for (const auto& [model, words] :
       {std::pair(R"({"type": "Unigram", "vocab": {}})", "x: model: \"Unigram\" is not supported"),
        std::pair(R"({"type": "BPE", "dropout": 0.5})", "x: model: dropout is not supported"),
        std::pair(R"({"type": "BPE", "continuing_subword_prefix": "##"})",
                  "x: model: continuing_subword_prefix is not supported"),
        std::pair(R"({"type": "BPE", "end_of_word_suffix": "</w>"})",
                  "x: model: end_of_word_suffix is not supported"),
        std::pair(R"({"vocab": {"a": 0}})", "has no \"type\" and no \"merges\""),
        std::pair(R"({"type": "BPE", "vocab": {"a": 0}, "merges": ["a \u4E2D"]})",
                  "has characters that are not byte symbols"),
        std::pair(R"({"type": "BPE", "vocab": {"a": 0}, "merges": ["a a"]})",
                  "merge 1, \"a\" and \"a\", has tokens that are not in the vocabulary")}) {
    CAPTURE(model);
    CHECK_THROWS_WITH_AS(Bpe(file_of(model), true, "x"), doctest::Contains(words), Error);
  }
  CHECK_NOTHROW(
      Bpe(file_of(R"({"type": "BPE", "dropout": 0.0, "end_of_word_suffix": ""})"), true, "x"));
}

TEST_CASE(
    "a long text takes time in proportion: twice the text, twice the pairs that are looked up") {
  const Tokenizer t = Tokenizer::make(true);
  CHECK(t.encode(std::string(1 << 20, '1')).size() == (1 << 19));
  const TokenizerFile file = parse_tokenizer_file(
      read_file(golden_folder() / "hf" / "qwen2_tied" / "tokenizer.json"), "golden");
  const Bpe bpe(file, true, "golden");
  for (const std::string unit : {"t", "the", " ", "ab", "\xE4\xBD\xA0"}) {
    std::uint64_t before = 0;
    for (std::size_t length = 1 << 14; length <= 1 << 18; length *= 2) {
      std::string piece;
      while (piece.size() < length) piece += unit;
      Bpe::Encoder encoder(bpe);
      std::vector<std::int32_t> ids;
      encoder.encode(piece, ids);
      CAPTURE(unit);
      CAPTURE(length);
      CHECK(encoder.lookups() < 8 * length);
      if (before > 0)
        CHECK(static_cast<double>(encoder.lookups()) < 2.1 * static_cast<double>(before));
      before = encoder.lookups();
    }
  }
}
