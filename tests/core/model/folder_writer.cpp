// Writing Hugging Face folders: everything comes through writing and reading.

#include "core/model/folder.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/golden.h"
#include "support/small_model.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/model/folder_writer");

namespace {

enum class Tied { no, yes };
Model two_layers(Tied tied = Tied::yes) {
  return random_model({.eos = {3}, .tied = tied == Tied::yes, .seed = 5});
}

}  // namespace

TEST_CASE("a written folder reads back bit for bit") {
  const TemporaryFolder folder;
  const Model model = two_layers();
  save_model(model, folder.path());
  const Model again = load_model(folder.path());
  CHECK(same_weights(again, model));
  CHECK(again.config.eos == model.config.eos);
  CHECK(again.config.qk_norm);
  CHECK(again.config.tied);
}

TEST_CASE("a new model gets a generation_config.json with its end tokens") {
  const TemporaryFolder folder;
  save_model(two_layers(), folder.path());
  const Json generation = parse_json(read_file(folder / "generation_config.json"), "x");
  CHECK(generation["eos_token_id"] == std::vector<std::int64_t>{3});
  CHECK(generation["do_sample"] == true);
  save_model(random_model({}), folder.path());
  CHECK_FALSE(
      parse_json(read_file(folder / "generation_config.json"), "x").contains("eos_token_id"));
}

TEST_CASE("an untied head and a value head are written") {
  const TemporaryFolder folder;
  for (const bool value_head : {false, true}) {
    const Model model = random_model({.tied = false, .value_head = value_head});
    save_model(model, folder.path());
    const Model again = load_model(folder.path());
    CHECK(again.config.value_head == value_head);
    CHECK(same_weights(again, model));
  }
}

TEST_CASE("the size of a folder is known before it is written, about") {
  const TemporaryFolder folder;
  const Model model = two_layers();
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    FolderContent content = content_of(model);
    content.dtype = dtype;
    const std::uint64_t expected = folder_bytes(content);
    const fs::path out = folder / name_of(dtype);
    export_folder(content, out);
    std::uint64_t bytes = 0;
    for (const auto& entry : fs::directory_iterator(out)) bytes += entry.file_size();
    CHECK(bytes <= expected);
    CHECK(expected < bytes + (100 << 10));
  }
}

TEST_CASE("a link out of the folder is not copied, and stops writing before it begins") {
  const TemporaryFolder folder;
  Model model = two_layers();
  FolderFiles files;
  files.outside = "model/LICENSE is a link out of its folder, to /secret";
  model.companions = std::make_shared<const FolderFiles>(files);
  CHECK_THROWS_WITH_AS(check_companions(model),
                       doctest::Contains("to /secret: its target is not copied"), Error);
  CHECK_THROWS_AS(save_model(model, folder.path()), Error);
  CHECK_THROWS_AS(export_folder(content_of(model), folder / "out"), Error);
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("a temporary folder with other files in it is left alone") {
  const TemporaryFolder folder;
  fs::create_directories(folder / ".out.partial");
  write_file_synced(folder / ".out.partial/mine", "x");
  CHECK_THROWS_WITH_AS(export_folder(content_of(two_layers()), folder / "out"),
                       doctest::Contains("holds mine, which no export writes"), Error);
  CHECK(names_in(folder.path()) == std::vector<std::string>{".out.partial"});
  CHECK(read_file(folder / ".out.partial/mine") == "x");
}

TEST_CASE("names of companions") {
  for (const char* name : {"tokenizer.json", "LICENSE", "generation_config.json", "merges.txt"})
    CHECK(is_companion(name));
  for (const char* name : {"config.json", "model.safetensors", "README.md", ""})
    CHECK_FALSE(is_companion(name));
}

TEST_CASE(
    "shards equal the single file, in every type; the index names every tensor and the size of "
    "all") {
  const Model model = two_layers(Tied::no);
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16}) {
    const TemporaryFolder folder;
    FolderContent content{&model.config, content_of(model).tensors, nullptr, dtype};
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
  save_model(two_layers(), folder / "start");
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
  Model model = two_layers();
  FolderContent content{&model.config, content_of(model).tensors};
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
