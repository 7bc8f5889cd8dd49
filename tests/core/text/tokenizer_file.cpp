// Reading tokenizer.json piece by piece.

#include "core/text/tokenizer_file.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/tokenizer_file");

namespace {

TokenizerFile parsed(const std::string& text) { return parse_tokenizer_file(text, "x"); }

using Vocab = std::vector<std::pair<std::string, std::int64_t>>;
using Merges = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE("vocabulary and merges are taken out, in their order; everything else is kept") {
  const TokenizerFile file = parsed(R"({"version": "1.0", "added_tokens": [{"id": 2}],
    "model": {"type": "BPE", "vocab": {"b": 1, "a": 0}, "merges": ["a b", "b a"], "dropout": null},
    "decoder": {"type": "ByteLevel", "flags": [true, 1.5, -3]}})");
  CHECK(file.vocab == Vocab{{"b", 1}, {"a", 0}});
  CHECK(file.merges == Merges{{"a", "b"}, {"b", "a"}});
  CHECK(file.rest == TokenizerJson::parse(R"({"version": "1.0", "added_tokens": [{"id": 2}],
    "model": {"type": "BPE", "dropout": null},
    "decoder": {"type": "ByteLevel", "flags": [true, 1.5, -3]}})"));
}

TEST_CASE("merges are pairs in a text or in a list; a list may hold spaces") {
  CHECK(parsed(R"({"model": {"merges": [["a", "b c"], ["", "d"]]}})").merges ==
        Merges{{"a", "b c"}, {"", "d"}});
  CHECK(parsed(R"({"model": {"merges": ["a b", ["c", "d"]]}})").merges ==
        Merges{{"a", "b"}, {"c", "d"}});
}

TEST_CASE("only the model's own vocabulary and merges are taken out") {
  const TokenizerFile file =
      parsed(R"({"vocab": {"a": 0}, "other": {"vocab": {"a": 1}, "merges": [1]}})");
  CHECK(file.vocab.empty());
  CHECK(file.rest["other"]["merges"] == TokenizerJson::array({1}));
}

TEST_CASE("an id beyond 64 bits is the largest one, and so out of range later") {
  CHECK(parsed(R"({"model": {"vocab": {"a": 18446744073709551615}}})").vocab ==
        Vocab{{"a", INT64_MAX}});
  CHECK(parsed(R"({"model": {"vocab": {"a": -5}}})").vocab == Vocab{{"a", -5}});
}

TEST_CASE("faults are named with their place in the file") {
  const std::string deep = std::string(40, '[') + std::string(40, ']');
  for (const auto& [text, words] :
       {std::pair(std::string("{"), "x is not valid JSON: "),
        std::pair(std::string("[1]"), "x is not a JSON object"),
        std::pair(std::string("3"), "x is not a JSON object"),
        std::pair(std::string(R"({"a": 1, "a": 2})"), "x: \"a\" appears twice"),
        std::pair(std::string(R"({"model": {"vocab": {"a": 0}, "vocab": {"a": 0}}})"),
                  "x: \"vocab\" appears twice"),
        std::pair(std::string(R"({"model": {"vocab": {"a": "0"}}})"),
                  "x: the id of token \"a\" is not an integer"),
        std::pair(std::string(R"({"model": {"vocab": {"a": [0]}}})"),
                  "x: the id of token \"a\" is not an integer"),
        std::pair(std::string(R"({"model": {"merges": ["a b", "ab"]}})"),
                  "x: merge 2 is \"ab\", not two tokens"),
        std::pair(std::string(R"({"model": {"merges": ["a b c"]}})"),
                  "x: merge 1 is \"a b c\", not two tokens"),
        std::pair(std::string(R"({"model": {"merges": [["a"]]}})"),
                  "x: merge 1 is an array of 1, not two tokens"),
        std::pair(std::string(R"({"model": {"merges": [[["a"]]]}})"), "an array in an array"),
        std::pair(std::string(R"({"model": {"merges": [{}]}})"), "merge 1 is an object"),
        std::pair(std::string(R"({"model": {"merges": [7]}})"), "merge 1 is 7"),
        std::pair(R"({"a": )" + deep + "}", "x is nested more than 32 deep")}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(parsed(text), doctest::Contains(words), Error);
  }
}
