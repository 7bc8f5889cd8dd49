#include "core/text/tokenizer.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/utf8.h"
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
        text += rng.chance(0.5) ? static_cast<char>('0' + rng.below(10))
                                : static_cast<char>(rng.below(256));
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
  CHECK_THROWS_WITH_AS(Tokenizer::load(folder.path()), doctest::Contains("has no tokenizer.json"),
                       Error);
  write_file_synced(folder / "tokenizer.json", "{");
  CHECK_THROWS_WITH_AS(Tokenizer::load(folder.path()), doctest::Contains("not valid JSON"), Error);
  const Json good =
      parse_json(read_file(golden_folder() / "hf" / "qwen2_tied" / "tokenizer.json"), "golden");
  REQUIRE_NOTHROW(Tokenizer::parse(good.dump(), "x"));
  const std::vector<std::pair<const char*, const char*>> kRefused = {
      {R"({"normalizer": {"type": "NFKC"}})", R"(x: normalizer: "NFKC" is not supported)"},
      {R"({"normalizer": [1]})", "x: normalizer is neither an object nor null"},
      {R"({"pre_tokenizer": null})", "a pre_tokenizer without ByteLevel"},
      {R"({"pre_tokenizer": {"type": "Punctuation"}})",
       R"(x: pre_tokenizer: "Punctuation" is not supported)"},
      {R"({"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "a"},)"
       R"("behavior": "Sometimes"}})",
       R"(the behavior "Sometimes")"},
      {R"({"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "\\p{Han}+"},)"
       R"("behavior": "Isolated"}})",
       R"(\p{Han} in the expression)"},
      {R"({"model": {"type": "WordPiece"}})", R"(x: model: "WordPiece" is not supported)"},
      {R"({"model": {"type": "BPE", "dropout": 0.1, "vocab": {}, "merges": []}})",
       "dropout is not supported"},
      {R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "b"]]}})",
       R"(merge 1, "a" and "b", has tokens that are not in the vocabulary)"},
      {R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}})",
       R"(merge 1 is "a", not two tokens)"},
      {R"({"model": {"type": "BPE", "vocab": {"a": 0.5}, "merges": []}})",
       R"(the id of token "a" is not an integer)"},
      {R"({"model": {"type": "BPE", "vocab": {"a": 90000000}, "merges": []}, "added_tokens": []})",
       "out of range"},
      {R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}, "added_tokens": []})",
       R"(the id 0 belongs to "a" and to "b")"},
      {R"({"added_tokens": [{"id": 1, "content": "Q"}]})", "the file is damaged"},
      {R"({"added_tokens": [{"id": 5000, "content": "<x>"}, {"id": 5001, "content": "<x>"}]})",
       R"("<x>", appears twice)"},
      {R"({"decoder": {"type": "WordPiece"}})", R"(x: decoder: "WordPiece" is not supported)"},
      {R"({"post_processor": {"type": "BertProcessing"}})",
       R"(x: post_processor: "BertProcessing" is not supported)"},
  };
  for (const auto& [change, message] : kRefused) {
    Json changed = good;
    changed.update(parse_json(change, "change"));
    CAPTURE(change);
    std::string said;
    try {
      Tokenizer::parse(changed.dump(), "x");
    } catch (const Error& e) {
      said = std::string(e.what()) + " " + e.hint();
    }
    CHECK(said.find(message) != std::string::npos);
    if (said.find(message) == std::string::npos) MESSAGE(said);
  }
}

TEST_CASE("a model without a type is BPE if it has merges; a pointer of Git LFS is named") {
  const std::string text = read_file(golden_folder() / "hf" / "qwen2_tied" / "tokenizer.json");
  const Tokenizer whole = Tokenizer::parse(text, "x");
  Json json = parse_json(text, "golden");
  json["model"].erase("type");
  CHECK(Tokenizer::parse(json.dump(), "x").encode("Who are you? 12") ==
        whole.encode("Who are you? 12"));
  json["model"]["merges"] = Json::array();
  CHECK_THROWS_WITH_AS(Tokenizer::parse(json.dump(), "x"),
                       doctest::Contains("x: model has no \"type\" and no \"merges\""), Error);
  CHECK_THROWS_WITH_AS(
      Tokenizer::parse("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "x"),
      doctest::Contains("x is a pointer of Git LFS"), Error);
}

TEST_CASE(
    "flags of tokenizer_config.json that say otherwise than the post-processor are told, with both "
    "values") {
  const TemporaryFolder folder;
  Json json =
      parse_json(read_file(golden_folder() / "hf" / "qwen2_tied" / "tokenizer.json"), "golden");
  const auto told = [&](bool template_puts_end, const char* config) {
    const Json token = {{"id", "<|endoftext|>"},
                        {"ids", {Tokenizer::parse(json.dump(), "x").id("<|endoftext|>")}},
                        {"tokens", {"<|endoftext|>"}}};
    Json changed = json;
    changed["post_processor"] = nullptr;
    if (template_puts_end)
      changed["post_processor"] = {{"type", "TemplateProcessing"},
                                   {"single",
                                    {{{"SpecialToken", {{"id", "<|endoftext|>"}, {"type_id", 0}}}},
                                     {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}},
                                   {"pair", Json::array()},
                                   {"special_tokens", {{"<|endoftext|>", token}}}};
    write_file_synced(folder / "tokenizer.json", changed.dump());
    write_file_synced(folder / "tokenizer_config.json", config);
    return Tokenizer::load(folder.path()).contradictions();
  };
  CHECK(told(false, R"({"add_bos_token": false, "add_eos_token": false})").empty());
  CHECK(told(true, R"({"add_bos_token": true})").empty());
  CHECK(told(false, R"({})").empty());
  CHECK(told(false, R"({"add_bos_token": "yes"})").empty());
  const auto missing = told(false, R"({"add_bos_token": true, "add_eos_token": true})");
  REQUIRE(missing.size() == 2);
  CHECK(missing[0].find("says \"add_bos_token\": true, but the post-processor of tokenizer.json "
                        "puts nothing before a text") != std::string::npos);
  CHECK(missing[1].find("says \"add_eos_token\": true, but the post-processor of tokenizer.json "
                        "puts nothing after a text") != std::string::npos);
  const auto extra = told(true, R"({"add_bos_token": false})");
  REQUIRE(extra.size() == 1);
  CHECK(extra[0].find("says \"add_bos_token\": false, but the post-processor of tokenizer.json "
                      "puts <|endoftext|> before") != std::string::npos);
}

TEST_CASE(
    "every golden case of real models' tokenizers, ids and text, with and without special tokens") {
  REQUIRE_FALSE(golden_models().empty());
  int encoded = 0, decoded = 0;
  for (const fs::path& folder : golden_models()) {
    const Tokenizer t = Tokenizer::load(folder);
    for (const Json& c : json_lines(folder / "golden" / "tokenizer_cases.jsonl")) {
      const auto text = c.at("text").get<std::string>();
      CAPTURE(folder.string());
      CAPTURE(text);
      const auto ids = c.at("ids").get<std::vector<std::int32_t>>();
      CHECK(t.encode(text) == ids);
      CHECK(t.encode_prompt(text) == c.at("ids_with_special").get<std::vector<std::int32_t>>());
      CHECK(replace_invalid(t.decode(ids, Specials::keep)) == c.at("decoded").get<std::string>());
      CHECK(replace_invalid(t.decode(ids)) == c.at("decoded_skip_special").get<std::string>());
      ++encoded;
    }
    for (const Json& c :
         parse_json(read_file(folder / "golden" / "greedy.json"), "greedy.json").at("prompts")) {
      CHECK(t.encode_prompt(c.at("text").get<std::string>()) ==
            c.at("ids").get<std::vector<std::int32_t>>());
      CHECK(replace_invalid(t.decode(c.at("tokens").get<std::vector<std::int32_t>>(),
                                     Specials::keep)) == c.at("decoded").get<std::string>());
    }
    for (const Json& c : json_lines(folder / "golden" / "decode_cases.jsonl")) {
      const auto ids = c.at("ids").get<std::vector<std::int32_t>>();
      CAPTURE(folder.string());
      CAPTURE(c.dump());
      CHECK(replace_invalid(t.decode(ids, Specials::keep)) == c.at("decoded").get<std::string>());
      CHECK(replace_invalid(t.decode(ids)) == c.at("decoded_skip_special").get<std::string>());
      ++decoded;
    }
  }
  MESSAGE(encoded << " texts, " << decoded << " lists of ids");
  CHECK(encoded > 100);
  CHECK(decoded > 100);
}

TEST_CASE("bytes that are no UTF-8 come back from real models' tokenizers, too") {
  Rng rng(2);
  for (const fs::path& folder : golden_models()) {
    const Tokenizer t = Tokenizer::load(folder);
    for (int trial = 0; trial < 200; ++trial) {
      std::string text;
      for (std::uint64_t i = rng.below(40); i > 0; --i)
        text += rng.chance(0.7) ? static_cast<char>(' ' + rng.below(90))
                                : static_cast<char>(0x80 + rng.below(0x40));
      CHECK(t.decode(t.encode(text), Specials::keep) == text);
    }
  }
}

TEST_CASE("a folder's files are written as they were read") {
  const TemporaryFolder folder;
  const fs::path golden = golden_folder() / "hf" / "llama_rope_scaled";
  Tokenizer::load(golden).save(folder.path());
  for (const char* name : {"tokenizer.json", "tokenizer_config.json"})
    CHECK(read_file(folder / name) == read_file(golden / name));
  CHECK_FALSE(fs::exists(folder / "chat_template.jinja"));
}

TEST_CASE("a million bytes of one kind go through the expressions of Qwen and Llama") {
  for (const char* name : {"qwen2_tied", "llama_rope_scaled"}) {
    const Tokenizer t = Tokenizer::load(golden_folder() / "hf" / name);
    for (const std::string unit : {" ", "a", "!", " \n", "a\xCC\x81\xCC\x96"}) {
      std::string text;
      while (text.size() < 1'000'000) text += unit;
      CAPTURE(unit);
      CHECK_FALSE(t.encode(text).empty());
    }
  }
}
