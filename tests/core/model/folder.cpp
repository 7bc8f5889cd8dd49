// Reading Hugging Face folders: what is accepted, what is refused.

#include "core/model/folder.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "support/golden.h"
#include "support/poison.h"
#include "support/small_model.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/model/folder");

namespace {

enum class Tied { no, yes };
Model two_layers(Tied tied = Tied::yes) {
  return random_model({.eos = {3}, .tied = tied == Tied::yes, .seed = 5});
}

// A folder of `model` whose weights hold these tensors, too.
void write_with(const Model& model, const std::vector<TensorView>& extra, const fs::path& folder) {
  save_model(model, folder);
  std::vector<TensorView> tensors = content_of(model).tensors;
  tensors.insert(tensors.end(), extra.begin(), extra.end());
  write_safetensors(folder / "model.safetensors", tensors, {});
}

std::string refusal(const fs::path& folder) {
  try {
    load_model(folder);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("the golden folders' shapes are understood") {
  REQUIRE_FALSE(golden_models().empty());
  for (const fs::path& folder : golden_models()) {
    CAPTURE(folder.string());
    const Model model = load_model(folder);
    CHECK(model.config.parameters() == model.layout.size());
    CHECK_FALSE(model.config.eos.empty());
  }
}

TEST_CASE("the file that names the end tokens is told") {
  const TemporaryFolder folder;
  save_model(two_layers(), folder.path());
  CHECK(ModelFolder(folder.path()).eos_source() == "generation_config.json");
  write_file_synced(folder / "generation_config.json", R"({"eos_token_id": null})");
  CHECK(ModelFolder(folder.path()).eos_source() == "config.json");
  fs::remove(folder / "generation_config.json");
  CHECK(ModelFolder(folder.path()).eos_source() == "config.json");
  save_model(random_model({}), folder.path());
  CHECK(ModelFolder(folder.path()).eos_source().empty());
}

TEST_CASE("the configuration can be read without weights") {
  const TemporaryFolder folder;
  const Model model = two_layers();
  save_model(model, folder.path());
  fs::remove(folder / "model.safetensors");
  const ModelConfig config = read_model_config(folder.path());
  CHECK(config.parameters() == model.config.parameters());
  CHECK(config.eos == std::vector<std::int64_t>{3});
  CHECK(refusal(folder.path()).find("has neither model.safetensors nor") != std::string::npos);
}

TEST_CASE("what is not a model's folder is refused by what it is") {
  const TemporaryFolder folder;
  const auto told = [&] {
    try {
      check_model_folder(folder.path());
    } catch (const Error& e) {
      return std::string(e.what()) + "; " + e.hint();
    }
    return std::string();
  };
  CHECK_THROWS_WITH_AS(check_model_folder(folder / "absent"), doctest::Contains("no folder "),
                       Error);
  CHECK(told().find("is neither a Hugging Face folder") != std::string::npos);
  write_file_synced(folder / "model.gguf", "GGUF");
  CHECK(told().find("holds a model in GGUF") != std::string::npos);
  write_file_synced(folder / "adapter_config.json", R"({"base_model_name_or_path": "Qwen/Base"})");
  CHECK(told().find("is an adapter, not a model") != std::string::npos);
  CHECK(told().find("tinyzero model merge Qwen/Base --adapter ") != std::string::npos);
  write_file_synced(folder / "adapter_config.json", "{}");
  CHECK(told().find("tinyzero model merge BASE --adapter ") != std::string::npos);
  write_file_synced(folder / "config.json", "{}");
  CHECK(told().empty());
}

TEST_CASE("weights in PyTorch's format or in GGUF are named as such") {
  const TemporaryFolder folder;
  save_model(two_layers(), folder.path());
  fs::remove(folder / "model.safetensors");
  const auto hint = [&] {
    try {
      ModelFolder{folder.path()};
    } catch (const Error& e) {
      return e.hint();
    }
    return std::string();
  };
  CHECK(hint() == "give the folder of a Hugging Face model");
  write_file_synced(folder / "pytorch_model.bin", "x");
  CHECK(hint().find("in PyTorch's own format") != std::string::npos);
  write_file_synced(folder / "q4.gguf", "GGUF");
  CHECK(refusal(folder.path()).find("has only weights in GGUF") != std::string::npos);
}

TEST_CASE("a tensor of another shape is refused with both shapes") {
  const TemporaryFolder folder;
  const Model model = two_layers();
  save_model(model, folder.path());
  std::vector<TensorView> tensors = content_of(model).tensors;
  tensors.back().shape = {4, 4};
  write_safetensors(folder / "model.safetensors", tensors, {});
  CHECK(refusal(folder.path())
            .ends_with("tensor \"model.norm.weight\" has shape [4, 4], config.json requires [16]"));
}

TEST_CASE("a companion that is a link out of its folder is left out and told") {
  const TemporaryFolder folder;
  const fs::path own = folder / "model";
  fs::create_directories(own);
  save_model(two_layers(), own);
  write_file_synced(folder / "secret", "not yours");
  write_file_synced(own / "inside", "{}");
  fs::create_symlink("inside", own / "tokenizer.json");
  CHECK(ModelFolder(own).companions()->texts.at("tokenizer.json") == "{}");
  CHECK(ModelFolder(own).companions()->outside.empty());
  fs::create_symlink("../secret", own / "LICENSE");
  const auto companions = ModelFolder(own).companions();
  CHECK_FALSE(companions->texts.contains("LICENSE"));
  CHECK(companions->outside.find("LICENSE is a link out of its folder, to ") != std::string::npos);
}

TEST_CASE("links of Hugging Face's cache belong to their model") {
  const TemporaryFolder folder;
  const fs::path snapshot = folder / "snapshots/1234";
  fs::create_directories(snapshot);
  fs::create_directories(folder / "blobs");
  save_model(two_layers(), snapshot);
  write_file_synced(folder / "blobs/abc", "{ }");
  fs::create_symlink("../../blobs/abc", snapshot / "tokenizer.json");
  CHECK(ModelFolder(snapshot).companions()->texts.at("tokenizer.json") == "{ }");
  CHECK(ModelFolder(snapshot).companions()->outside.empty());
}

TEST_CASE("tensors that change nothing are accepted, all others refused by name") {
  const Model model = two_layers();
  const std::vector<float> numbers(64, 0.5f);
  const auto extra = [&](const std::string& name, std::vector<std::int64_t> shape,
                         const float* data) {
    const TemporaryFolder folder;
    write_with(model, {{name, std::move(shape), data}}, folder.path());
    return refusal(folder.path());
  };
  CHECK(extra("model.layers.0.self_attn.rotary_emb.inv_freq", {2}, numbers.data()).empty());
  CHECK(
      extra("lm_head.weight", {40, 16}, model.weights.data()).empty());  // the embedding once more
  const auto refused = [&](const std::string& name, std::int64_t size) {
    const std::string words = extra(name, {size}, numbers.data());
    CAPTURE(words);
    CHECK(words.find("\"" + name + "\"") != std::string::npos);
    CHECK(words.find("computed wrongly") != std::string::npos);
  };
  refused("model.layers.0.self_attn.q_proj.bias", 16);
  refused("model.layers.1.self_attn.o_proj.bias", 16);
  refused("model.layers.0.mlp.down_proj.bias", 16);
  refused("model.layers.2.input_layernorm.weight", 16);
  refused("lm_head.bias", 40);
  refused("model.layers.0.block_sparse_moe.gate.weight", 16);

  Model other = two_layers();
  other.weights.data()[7] += 1.0f;
  CHECK(extra("lm_head.weight", {40, 16}, other.weights.data())
            .find("although config.json ties them") != std::string::npos);
}

TEST_CASE("an untied model without its head, and a norm that config.json does not announce") {
  const TemporaryFolder folder;
  const Model tied = two_layers(), untied = two_layers(Tied::no);
  save_model(untied, folder.path());
  write_safetensors(folder / "model.safetensors", content_of(tied).tensors, {});
  CHECK(refusal(folder.path()).find("has no tensor \"lm_head.weight\"") != std::string::npos);
  save_model(tied, folder.path());
  Json config = parse_json(read_file(folder / "config.json"), "config.json");
  config["model_type"] = "llama";
  write_file_synced(folder / "config.json", config.dump());
  CHECK(refusal(folder.path()).find("k_norm.weight\" that a model of type \"llama\"") !=
        std::string::npos);
}

TEST_CASE(
    "NaN and infinite numbers are found when weights are read, in every type and file, and never "
    "written") {
  const float infinity = std::numeric_limits<float>::infinity();
  struct Case {
    const char* tensor;
    std::int64_t index;
    float value;
    const char* error;
  };
  const std::vector<Case> cases = {
      {"model.embed_tokens.weight", 0, std::nanf(""),
       "\"model.embed_tokens.weight\" holds NaN at [0, 0]"},
      {"model.layers.1.mlp.down_proj.weight", 25, -infinity,
       "\"model.layers.1.mlp.down_proj.weight\" holds an infinite number at [1, 1]"},
      {"model.norm.weight", -1, infinity,
       "\"model.norm.weight\" holds an infinite number at [15]"}};
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16}) {
    for (const std::uint64_t shard_bytes : {0, 3000}) {
      for (const Case& c : cases) {
        CAPTURE(c.tensor);
        CAPTURE(name_of(dtype));
        const TemporaryFolder folder;
        const Model model = two_layers();
        export_folder({&model.config, content_of(model).tensors, nullptr, dtype, shard_bytes},
                      folder / "m");
        CHECK(refusal(folder / "m").empty());
        fs::path file;
        const ModelFolder opened(folder / "m");  // reads no weights
        for (const SafetensorsFile& one : opened.files()) {
          if (one.tensors().contains(c.tensor)) file = one.path();
        }
        poison(file, c.tensor, c.index, c.value);
        const std::string error = refusal(folder / "m");
        CHECK(error.find(file.string() + ": tensor " + c.error) != std::string::npos);
        const ModelFolder poisoned(folder / "m");
        for (const Dtype to : {dtype, Dtype::f32})
          CHECK_THROWS_WITH_AS(
              export_folder({&poisoned.config(), poisoned.tensors(), nullptr, to}, folder / "out"),
              doctest::Contains(c.error), Error);
        CHECK(names_in(folder.path()) == std::vector<std::string>{"m"});
      }
    }
  }
  Model model = two_layers();
  model.weights.data()[model.layout.size() - 1] = std::nanf("");
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(export_folder(content_of(model), folder / "out"),
                       doctest::Contains("tensor \"model.norm.weight\" has become NaN at [15]"),
                       Failure);
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("shards that contradict each other or the index are refused") {
  const TemporaryFolder folder;
  const Model model = two_layers();
  export_folder({&model.config, content_of(model).tensors, nullptr, Dtype::f32, 4000},
                folder / "m");
  const fs::path index = folder / "m" / "model.safetensors.index.json",
                 first = ModelFolder(folder / "m").files().front().path();
  const std::string good = read_file(index), shard = read_file(first);
  const auto with_index = [&](const std::string& text) {
    write_file_synced(index, text);
    return refusal(folder / "m");
  };
  CHECK(with_index("{").find("is not valid JSON") != std::string::npos);
  CHECK(with_index("{}").find("has no \"weight_map\"") != std::string::npos);
  CHECK(with_index(R"({"weight_map":{"a":"../x.safetensors"}})").find("is not a plain name") !=
        std::string::npos);
  CHECK(with_index(R"({"weight_map":{"a":3}})").find("is not a plain name") != std::string::npos);
  CHECK(with_index(R"({"weight_map":{"a":"x.safetensors"}})").find("has no x.safetensors") !=
        std::string::npos);
  CHECK(with_index(good).empty());
  fs::copy_file(first, folder / "m" / "again.safetensors");
  Json twice = parse_json(good, "index");
  twice["weight_map"]["model.x"] = "again.safetensors";
  CHECK(with_index(twice.dump()).find("is in again.safetensors and in model-00001") !=
        std::string::npos);
  write_file_synced(index, good);
  write_file_synced(first, shard.substr(0, shard.size() - 9));
  CHECK(refusal(folder / "m").find("the file is cut") != std::string::npos);
  write_file_synced(folder / "m" / "config.json", std::string(300 << 10, ' '));
  CHECK(refusal(folder / "m").find("more than any model's") != std::string::npos);
}
