#include "core/run/manifest.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file_hash.h"
#include "core/run/run_folder.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/run/manifest");

namespace {

// A run with a task, an algorithm and a model, all of them plain files.
class Fixture {
 public:
  Fixture() : run(RunFolder::create(folder / "run", "seed: 1\n")) {
    fs::create_directory(folder / "model");
    for (const char* name : {"task.so", "algorithm.so", "words.txt", "model/config.json",
                             "model/model.safetensors", "model/README.md"})
      write_file_synced(folder / name, name);
    facts.config = "x.yaml";
    facts.tasks = {folder / "task.so"};
    facts.algorithm = folder / "algorithm.so";
    facts.problem_set = "abc";
    facts.settings = {
        {.path = "seed", .value = "1"},
        {.path = "task.words", .value = "words.txt", .files = {(folder / "words.txt").string()}}};
    facts.model_files = model_hashes(folder / "model");
  }

  // "WHAT: BEFORE -> NOW" for each change, with hashes as "#".
  std::vector<std::string> changes() const {
    std::vector<std::string> out;
    const auto shown = [](const std::string& text) { return text.size() == 32 ? "#" : text; };
    for (const Change& c : manifest_changes(run, facts))
      out.push_back(c.what + ": " + shown(c.before) + " -> " + shown(c.now));
    return out;
  }

  TemporaryFolder folder;
  RunFolder run;
  ManifestFacts facts;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a manifest says what a run was started with") {
  Fixture f;
  write_manifest(f.run, f.facts);
  const Json json = parse_json(read_file(f.run.manifest()), "manifest");
  CHECK(json.at("config") == "x.yaml");
  CHECK(json.at("plugins").at(0).at("kind") == "task");
  CHECK(json.at("plugins").at(0).at("xxh3") == file_hash(f.folder / "task.so"));
  CHECK(json.at("plugins").at(1).at("kind") == "algorithm");
  CHECK(json.at("files").at(0).at("setting") == "task.words");
  CHECK(json.at("settings").at("seed") == "1");
  CHECK(json.at("machine").at("cores").get<int>() >=
        json.at("machine").at("usable_cores").get<int>());
  CHECK(manifest_program(f.run) == program_hash());
  CHECK(manifest_kernels(f.run) == machine_json().at("kernels"));
  CHECK(f.changes().empty());
}

TEST_CASE("model_hashes has weights, configuration and tokenizer, and nothing else") {
  Fixture f;
  write_file_synced(f.folder / "model/model-00001.safetensors", "");
  write_file_synced(f.folder / "model/model.safetensors.index.json", "");
  write_file_synced(f.folder / "model/tokenizer.json", "");
  fs::create_directory(f.folder / "model/x.safetensors");
  Texts names;
  const Json hashes = model_hashes(f.folder / "model");
  for (const auto& [name, hash] : hashes.items()) {
    names.push_back(name);
    CHECK(hash == file_hash(f.folder.path() / "model" / name));
  }
  CHECK(names == Texts{"config.json", "model-00001.safetensors", "model.safetensors",
                       "model.safetensors.index.json", "tokenizer.json"});
}

TEST_CASE("every change is found: libraries, model, files, problems, settings") {
  Fixture f;
  write_manifest(f.run, f.facts);
  write_file_synced(f.folder / "task.so", "new");
  CHECK(f.changes() ==
        Texts{"library of the task, " + (f.folder / "task.so").string() + ": # -> #"});
  write_file_synced(f.folder / "task.so", "task.so");
  write_file_synced(f.folder / "model/config.json", "new");
  fs::remove(f.folder / "model/model.safetensors");
  write_file_synced(f.folder / "model/tokenizer.json", "");
  f.facts.model_files = model_hashes(f.folder / "model");
  CHECK(f.changes() == Texts{"model.path/config.json: # -> #",
                             "model.path/model.safetensors: # -> absent",
                             "model.path/tokenizer.json: absent -> #"});
  f.facts.model_files = nullptr;  // the folder is gone
  write_file_synced(f.folder / "words.txt", "new");
  const std::string words = "task.words, " + (f.folder / "words.txt").string();
  CHECK(f.changes() == Texts{words + ": # -> #"});
  f.facts.settings[1].files.clear();
  CHECK(f.changes() == Texts{words + ": # -> absent"});
  f.facts.problem_set = "xyz";
  f.facts.settings[0].value = "2";
  f.facts.settings.push_back({.path = "threads", .value = "4"});
  f.facts.settings.erase(f.facts.settings.begin() + 1);
  CHECK(f.changes() == Texts{words + ": # -> absent", "held-out problems: abc -> xyz",
                             "seed: 1 -> 2", "task.words: words.txt -> absent",
                             "threads: absent -> 4"});
}

TEST_CASE("changes that are accepted are recorded, and are none afterwards") {
  Fixture f;
  write_manifest(f.run, f.facts);
  f.facts.settings[0].value = "2";
  accept_changes(f.run, f.facts, manifest_changes(f.run, f.facts));
  CHECK(f.changes().empty());
  f.facts.settings[0].value = "3";
  accept_changes(f.run, f.facts, manifest_changes(f.run, f.facts));
  const Json recorded = parse_json(read_file(f.run.manifest()), "manifest").at("changes");
  REQUIRE(recorded.size() == 2);
  CHECK(recorded[0].at("what") == "seed");
  CHECK(recorded[1].at("before") == "2");
  CHECK(recorded[1].at("now") == "3");
  CHECK(recorded[1].at("accepted").get<std::string>().ends_with("Z"));
}

TEST_CASE("manifests of older programs lack fields, which are then not compared") {
  Fixture f;
  write_manifest(f.run, f.facts);
  Json json = parse_json(read_file(f.run.manifest()), "manifest");
  for (const char* name : {"model_files", "files", "settings"}) json.erase(name);
  write_file_synced(f.run.manifest(), json.dump());
  f.facts.settings[0].value = "2";
  CHECK(f.changes().empty());
  json.erase("problem_set");
  write_file_synced(f.run.manifest(), json.dump());
  CHECK_THROWS_WITH_AS(manifest_changes(f.run, f.facts),
                       doctest::Contains("does not contain everything that the run began with"),
                       Error);
}

TEST_CASE("a manifest without a text that is needed says which") {
  Fixture f;
  write_file_synced(f.run.manifest(), "{\"machine\": {}, \"program\": 3}");
  CHECK_THROWS_WITH_AS(manifest_kernels(f.run), doctest::Contains("does not say machine.kernels"),
                       Error);
  CHECK_THROWS_WITH_AS(manifest_program(f.run), doctest::Contains("does not say program.xxh3"),
                       Error);
}

TEST_CASE("changed_files tells only of files that were there before and are there now") {
  Fixture f;
  CHECK(changed_files(f.folder / "run", f.facts.settings).empty());  // no manifest
  write_manifest(f.run, f.facts);
  CHECK(changed_files(f.folder / "run", f.facts.settings).empty());
  write_file_synced(f.folder / "words.txt", "new");
  const std::vector<Change> changes = changed_files(f.folder / "run", f.facts.settings);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].now == file_hash(f.folder / "words.txt"));
  CHECK(changed_files(f.folder / "run", {}).empty());
}
