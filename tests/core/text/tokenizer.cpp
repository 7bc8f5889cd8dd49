#include "core/text/tokenizer.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/text/prompt.h"
#include "support/golden.h"
#include "support/temporary.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/tokenizer");

TEST_CASE("numbers of two digits and the arrow are one token, everything else is bytes") {
  const Tokenizer t = Tokenizer::make(true);
  CHECK(t.size() == 256 + 90 + 3 + 3);
  CHECK(t.encode("7").size() == 1);
  CHECK(t.encode("42").size() == 1);
  CHECK(t.encode("100").size() == 2);  // "10", "0"
  CHECK(t.encode("05").size() == 2);
  CHECK(t.encode("9-7=2,2*3=6?").size() == 12);
  CHECK(t.encode("<answer>42</answer>").size() == 3);
  CHECK(t.encode("3 7 9 -> 20\n").size() == 8);
  CHECK(t.encode("8-3>2 ->").size() == 6);
  CHECK(Tokenizer::make(false).encode("42").size() == 2);
}

TEST_CASE("any bytes come back") {
  Rng rng(1);
  for (const bool numbers : {false, true}) {
    const Tokenizer t = Tokenizer::make(numbers);
    for (int trial = 0; trial < 500; ++trial) {
      std::string text;
      for (std::uint64_t i = rng.below(60); i > 0; --i)
        text += rng.chance(0.5) ? static_cast<char>('0' + rng.below(10)) : static_cast<char>(rng.below(256));
      CHECK(t.decode(t.encode(text)) == text);
    }
  }
}

TEST_CASE("special tokens are left out of text, ids without a token as well") {
  const Tokenizer t = Tokenizer::make(true);
  const std::int32_t end = t.id(kEndToken);
  REQUIRE(end >= 0);
  CHECK(t.id("<nothing>") == -1);
  auto ids = t.encode("5");
  ids.push_back(end);
  ids.push_back(100000);
  ids.push_back(-1);
  CHECK(t.decode(ids) == "5");
}

TEST_CASE("what is written is read back the same") {
  const TemporaryFolder folder;
  const Tokenizer t = Tokenizer::make(true);
  t.save(folder.path());
  const Tokenizer again = Tokenizer::load(folder.path());
  const std::string text = "3 7 9 -> 20\n9-7=2,2*3=6?\xFF <answer>7*3-1</answer>";
  CHECK(again.encode(text) == t.encode(text));
  CHECK(again.size() == t.size());
}

TEST_CASE("files of other kinds are refused by what they need") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(Tokenizer::load(folder.path()), doctest::Contains("has no tokenizer.json"), Error);
  write_file_synced(folder / "tokenizer.json", "{");
  CHECK_THROWS_WITH_AS(Tokenizer::load(folder.path()), doctest::Contains("not valid JSON"), Error);
  write_file_synced(folder / "tokenizer.json", R"({"model": {"type": "BPE"}})");
  CHECK_THROWS_WITH_AS(Tokenizer::load(folder.path()), doctest::Contains("pre_tokenizer"), Error);
  write_file_synced(folder / "tokenizer.json", R"({"pre_tokenizer": {"type": "ByteLevel", "use_regex": false, "add_prefix_space": false},
    "model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "b"]]}, "added_tokens": []})");
  CHECK_THROWS_WITH_AS(Tokenizer::load(folder.path()), doctest::Contains("not a byte-level BPE"), Error);
  CHECK_THROWS_WITH_AS(Tokenizer::load(golden_folder() / "hf" / "qwen2_tied"), doctest::Contains("normalizer \"NFC\" is not supported"),
                       Error);
}

TEST_CASE("a long text takes time in proportion") {
  const Tokenizer t = Tokenizer::make(true);
  CHECK(t.encode(std::string(1 << 20, '1')).size() == (1 << 19));
}

TEST_CASE("prompts are framed for the model they go to") {
  CHECK(frame_prompt("3 7 -> 10", "bare") == "3 7 -> 10\n");
  CHECK(frame_prompt("Q?", "base").ends_with("\nUser: Q?\nAssistant: Let me solve this step by step.\n<think>"));
  CHECK(frame_prompt("Q?", "qwen").starts_with("<|im_start|>system\n"));
  CHECK(frame_prompt("Q?", "qwen")
            .ends_with("<|im_start|>user\nQ?<|im_end|>\n<|im_start|>assistant\nLet me solve this step by step.\n<think>"));
  CHECK_THROWS_AS(frame_prompt("Q?", "chat"), Error);
  CHECK(resolve_framing("auto", Tokenizer::make(true)) == "bare");
  CHECK(resolve_framing("qwen", Tokenizer::make(true)) == "qwen");
}
