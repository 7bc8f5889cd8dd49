// Hugging Face folders: what is accepted, what is refused, and that everything comes through
// reading and writing.

#include "core/model/folder.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/error.h"
#include "support/golden.h"
#include "support/poison.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/model/folder");

namespace {

Model small_model(bool tied = true) {
  ModelConfig c = preset_config("tiny");
  c.layers = 2;
  c.width = 16;
  c.heads = 4;
  c.head_dim = 4;
  c.mlp = 24;
  c.vocab = 40;
  c.tied = tied;
  c.eos = {3};
  Model model(c);
  initialize(model, 5);
  return model;
}

std::vector<TensorView> views(const Model& model) {
  std::vector<TensorView> out;
  for (const ParameterSlot& slot : model.layout.slots())
    out.push_back({slot.name, slot.shape, model.weights.data() + slot.offset});
  return out;
}

// A folder of `model` whose weights hold these tensors, too.
void write_with(const Model& model, const std::vector<TensorView>& extra, const fs::path& folder) {
  save_model(model, folder);
  std::vector<TensorView> tensors = views(model);
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

bool same_weights(const Model& a, const Model& b) {
  return a.weights.size() == b.weights.size() &&
         std::memcmp(a.weights.data(), b.weights.data(),
                     static_cast<std::size_t>(a.weights.size()) * sizeof(float)) == 0;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("tensors that change nothing are accepted, all others refused by name") {
  const Model model = small_model();
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

  Model other = small_model();
  other.weights.data()[7] += 1.0f;
  CHECK(extra("lm_head.weight", {40, 16}, other.weights.data())
            .find("although config.json ties them") != std::string::npos);
}

TEST_CASE("an untied model without its head, and a norm that config.json does not announce") {
  const TemporaryFolder folder;
  const Model tied = small_model(), untied = small_model(false);
  save_model(untied, folder.path());
  write_safetensors(folder / "model.safetensors", views(tied), {});
  CHECK(refusal(folder.path()).find("has no tensor \"lm_head.weight\"") != std::string::npos);
  save_model(tied, folder.path());
  Json config = parse_json(read_file(folder / "config.json"), "config.json");
  config["model_type"] = "llama";
  write_file_synced(folder / "config.json", config.dump());
  CHECK(refusal(folder.path()).find("k_norm.weight\" that a model of type \"llama\"") !=
        std::string::npos);
}

TEST_CASE(
    "shards equal the single file, in every type; the index names every tensor and the size of "
    "all") {
  const Model model = small_model(false);
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16}) {
    const TemporaryFolder folder;
    FolderContent content{&model.config, views(model), nullptr, dtype};
    export_folder(content, folder / "single");
    content.shard_bytes = 4000;
    export_folder(content, folder / "sharded");
    CHECK(names_in(folder / "single") ==
          std::vector<std::string>{"config.json", "generation_config.json", "model.safetensors"});
    const ModelFolder single(folder / "single"), sharded(folder / "sharded");
    REQUIRE(sharded.files().size() > 2);
    CHECK(same_weights(single.load(), sharded.load()));
    CHECK(single.dtypes() == std::map<Dtype, std::int64_t>{{dtype, model.layout.size()}});
    const Json index =
        parse_json(read_file(folder / "sharded" / "model.safetensors.index.json"), "index");
    CHECK(index["metadata"]["total_size"] ==
          model.layout.size() * static_cast<std::int64_t>(bytes_of(dtype)));
    CHECK(index["weight_map"].size() == model.layout.slots().size());
    for (const SafetensorsFile& file : sharded.files()) {
      for (const auto& [name, tensor] : file.tensors())
        CHECK(index["weight_map"][name] == file.path().filename().string());
      const std::size_t data = file.bytes() - 8 - file.tensors().size() * 60;
      if (file.tensors().size() > 1) CHECK(data < 4000 + 1000);
    }
    CHECK(parse_json(read_file(folder / "sharded" / "config.json"), "config.json")["torch_dtype"] ==
          torch_name(dtype));
  }
}

TEST_CASE("weights that are stored as they are written come through bit for bit") {
  for (const fs::path& golden : golden_models()) {
    CAPTURE(golden.string());
    const TemporaryFolder folder;
    const ModelFolder source(golden);
    REQUIRE(source.dtypes().size() == 1);
    const Dtype dtype = source.dtypes().begin()->first;
    export_folder({&source.config(), source.tensors(), source.companions(), dtype, 20000},
                  folder / "out");
    const ModelFolder out(folder / "out");
    CHECK(out.dtypes() == source.dtypes());
    CHECK(same_weights(source.load(), out.load()));
    const Json before = parse_json(read_file(golden / "config.json"), "before"),
               after = parse_json(read_file(folder / "out/config.json"), "after");
    CHECK(before == after);
    for (const char* name : {"tokenizer.json", "tokenizer_config.json", "generation_config.json"}) {
      if (fs::exists(golden / name))
        CHECK(read_file(golden / name) == read_file(folder / "out" / name));
    }
    CHECK(out.config().eos == source.config().eos);
  }
}

TEST_CASE("a model that came from a folder is saved with its tokenizer, chat template and words") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "start");
  save_model(small_model(), folder / "start");
  const std::pair<const char*, const char*> files[] = {
      {"tokenizer.json", "{ }"},
      {"chat_template.jinja", "{{ x }}"},
      {"merges.txt", "a b\n"},
      {"vocab.json", "{}\n"},
      {"LICENSE", "do good"},
      {"special_tokens_map.json", "{}"},
      {"generation_config.json", "{\"eos_token_id\": [4, 5]}"}};
  for (const auto& [name, text] : files) write_file_synced(folder / "start" / name, text);
  write_file_synced(folder / "start" / "README.md", "of the start, not of what was trained");
  Model model = load_model(folder / "start");
  CHECK(model.config.eos == std::vector<std::int64_t>{4, 5});
  const Model critic = auxiliary_model_of(model, true);
  fs::remove_all(folder / "start");
  for (const Model* one : {static_cast<const Model*>(&model), &critic}) {
    fs::create_directories(folder / "saved");
    save_model(*one, folder / "saved");
    for (const auto& [name, text] : files) CHECK(read_file(folder / "saved" / name) == text);
    CHECK_FALSE(fs::exists(folder / "saved" / "README.md"));
    CHECK(load_model(folder / "saved").config.eos == std::vector<std::int64_t>{4, 5});
  }
}

TEST_CASE("nothing is overwritten, and what fails leaves nothing") {
  const TemporaryFolder folder;
  Model model = small_model();
  FolderContent content{&model.config, views(model)};
  fs::create_directories(folder / "there");
  CHECK_THROWS_WITH_AS(export_folder(content, folder / "there"),
                       doctest::Contains("exists already"), Error);
  CHECK_THROWS_WITH_AS(export_folder(content, folder / "no" / "such"),
                       doctest::Contains("no folder"), Error);
  content.dtype = Dtype::f16;
  model.weights.data()[model.layout.size() - 1] = 70000.0f;
  CHECK_THROWS_WITH_AS(export_folder(content, folder / "out"),
                       doctest::Contains("which f16 cannot hold"), Failure);
  CHECK(names_in(folder.path()) == std::vector<std::string>{"there"});
  model.weights.data()[model.layout.size() - 1] = 65504.0f;  // the largest it can
  fs::create_directories(folder / ".out.partial" / "left");  // by an export that was killed
  export_folder(content, folder / "out/");
  CHECK(names_in(folder.path()) == std::vector<std::string>{"out", "there"});
  CHECK(load_model(folder / "out").weights.data()[model.layout.size() - 1] == 65504.0f);
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
        const Model model = small_model();
        export_folder({&model.config, views(model), nullptr, dtype, shard_bytes}, folder / "m");
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
  Model model = small_model();
  model.weights.data()[model.layout.size() - 1] = std::nanf("");
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(export_folder(content_of(model), folder / "out"),
                       doctest::Contains("tensor \"model.norm.weight\" has become NaN at [15]"),
                       Failure);
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("shards that contradict each other or the index are refused") {
  const TemporaryFolder folder;
  const Model model = small_model();
  export_folder({&model.config, views(model), nullptr, Dtype::f32, 4000}, folder / "m");
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
  CHECK(refusal(folder / "m").find("which no model's has") != std::string::npos);
}
