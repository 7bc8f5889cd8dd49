// Variables of special tokens, as both versions of transformers set them.

#include "core/text/special_tokens.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/special_tokens");

namespace {

struct Files {
  Json config = Json::object();
  Json map = Json::object();
  Json model = Json::object();
};

jinja::Context variables(const Files& files) {
  const TemporaryFolder folder;
  write_file_synced(folder / "tokenizer_config.json", files.config.dump());
  write_file_synced(folder / "special_tokens_map.json", files.map.dump());
  write_file_synced(folder / "config.json", files.model.dump());
  return special_token_variables(folder.path());
}

// The text of a variable, "unknown", or "absent".
std::string value(const jinja::Context& context, const std::string& name) {
  if (context.unknown.contains(name)) return "unknown";
  const auto found = context.variables.find(name);
  return found == context.variables.end() ? "absent" : found->second.text();
}

}  // namespace

TEST_CASE("tokens are given as texts or as objects with a content") {
  const jinja::Context c = variables({.config = {{"bos_token", "<a>"},
                                                 {"eos_token", {{"content", "<b>"}, {"lstrip", 1}}},
                                                 {"pad_token", nullptr},
                                                 {"unk_token", 7}}});
  CHECK(value(c, "bos_token") == "<a>");
  CHECK(value(c, "eos_token") == "<b>");
  CHECK(value(c, "pad_token") == "absent");
  CHECK(c.unknown.at("unk_token") == "\"unk_token\" is neither a text nor a token");
}

TEST_CASE("the map counts, unless tokenizer_config.json lists its tokens itself") {
  const Json config = {{"bos_token", "<a>"}};
  const Json map = {{"bos_token", "<b>"}, {"eos_token", "<e>"}};
  const jinja::Context old = variables({.config = config, .map = map});
  CHECK(value(old, "bos_token") == "<b>");
  CHECK(value(old, "eos_token") == "<e>");
  Json listed = config;
  listed["added_tokens_decoder"] = Json::object();
  CHECK(value(variables({.config = listed, .map = map}), "bos_token") == "<a>");
}

TEST_CASE("defaults count where versions 4 and 5 of transformers agree about them") {
  const Json qwen = {{"tokenizer_class", "Qwen2TokenizerFast"}};
  const Json model = {{"model_type", "qwen2"}};
  const jinja::Context c = variables({.config = qwen, .model = model});
  CHECK(value(c, "eos_token") == "<|endoftext|>");
  CHECK(value(c, "pad_token") == "<|endoftext|>");
  CHECK(value(c, "bos_token") == "absent");
  CHECK(value(variables({.model = model}), "eos_token") == "<|endoftext|>");
  const jinja::Context fast =
      variables({.config = {{"tokenizer_class", "PreTrainedTokenizerFast"}}});
  CHECK(value(fast, "eos_token") == "absent");
}

TEST_CASE("where they disagree the variable is unknown, with the reason") {
  const jinja::Context llama = variables({.config = {{"tokenizer_class", "LlamaTokenizer"}}});
  CHECK(
      llama.unknown.at("bos_token") ==
      "\"bos_token\" is not in tokenizer_config.json, and versions of transformers disagree about "
      "it");
  CHECK(value(llama, "pad_token") == "absent");
  const jinja::Context strange = variables({.config = {{"tokenizer_class", "MyTokenizer"}}});
  CHECK(value(strange, "pad_token") == "unknown");
  CHECK(value(variables({.config = {{"tokenizer_class", "Qwen2Tokenizer"}}}), "eos_token") ==
        "unknown");  // by the class, but the model is no Qwen
}

TEST_CASE("other tokens are seen by transformers 5 alone") {
  const jinja::Context c = variables({.config = {{"image_token", "<i>"},
                                                 {"not_a_token_name", "x"},
                                                 {"extra_special_tokens", {{"audio", "<s>"}}}}});
  CHECK(value(c, "image_token") == "unknown");
  CHECK(value(c, "audio") == "unknown");
  CHECK(value(c, "not_a_token_name") == "absent");
  CHECK(value(c, "additional_special_tokens") == "unknown");
}

TEST_CASE("files may be absent, but not of another kind") {
  const TemporaryFolder folder;
  CHECK_NOTHROW(special_token_variables(folder.path()));
  write_file_synced(folder / "tokenizer_config.json", "[1]");
  CHECK_THROWS_WITH_AS(special_token_variables(folder.path()),
                       doctest::Contains("tokenizer_config.json is not a JSON object"), Error);
}
