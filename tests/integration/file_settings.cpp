// Settings that name a file: found from the file that says them, kept whole, and known by their
// bytes.

#include "core/base/file.h"
#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/file_settings");

namespace {

const std::string kLibrary = std::string(TINYZERO_BROKEN) + "/word.so";
const std::string kSmall =
    "algorithm: grpo\nmodel: {layers: 1, width: 16, heads: 2, kv_heads: 1, mlp: 32, context: 64}\n"
    "warm_start: {steps: 4, batch: 4}\nrollout: {prompts: 4, samples: 2, max_tokens: 24}\ntrain: "
    "{steps: 2}\n"
    "eval: {problems: 4, every: 1}\ncheckpoint: {every: 1}\npreflight: {problems: 0}\nthreads: 1\n";

std::string words_of(const std::string& first, int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += first + static_cast<char>('a' + i % 26) + static_cast<char>('a' + i / 26) + "\n";
  return out;
}

// A folder with an experiment in configs/ on a list of words in data/.
void write_experiment(const TemporaryFolder& folder,
                      const std::string& settings = "words: ../data/words.txt") {
  fs::create_directories(folder / "configs");
  fs::create_directories(folder / "data");
  fs::create_directories(folder / "elsewhere");
  write_file_synced(folder / "data/words.txt", words_of("ox", 100));
  write_file_synced(folder / "configs/base.yaml",
                    "task: {use: " + kLibrary + ", " + settings + "}\n" + kSmall);
  write_file_synced(folder / "configs/top.yaml", "extends: base.yaml\nseed: 2\n");
}

ProcessResult run_in(const fs::path& folder, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), tinyzero_path());
  return run_process(arguments, {}, folder.string());
}

Json shown(const fs::path& from, const std::string& config,
           const std::vector<std::string>& overrides = {}) {
  std::vector<std::string> arguments = {"config", "show", config, "--json"};
  arguments.insert(arguments.end(), overrides.begin(), overrides.end());
  const ProcessResult result = run_in(from, arguments);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  return Json::parse(result.out);
}

void refused(const ProcessResult& result, const std::vector<std::string>& parts) {
  CAPTURE(result.err);
  CHECK(result.code == 2);
  for (const std::string& part : parts) CHECK(result.err.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("a path is found from the file that says it, wherever the program is called") {
  const TemporaryFolder folder;
  write_experiment(folder);
  const std::string words = "\"" + (folder / "data/words.txt").string() + "\"";
  for (const char* from : {".", "configs", "elsewhere"}) {
    for (const char* file : {"configs/base.yaml", "configs/top.yaml"}) {
      const std::string config = (folder / file).string();
      CHECK(shown(folder / from, config)["task.words"]["value"].get<std::string>().find(
                (folder / "data/words.txt").string()) != std::string::npos);
    }
  }
  CHECK(shown(folder.path(), "configs/top.yaml")["task.words"]["origin"] ==
        "configs/base.yaml:1:" +
            std::to_string(std::string("task: {use: , words: ").size() + kLibrary.size() + 1));
  write_file_synced(folder / "elsewhere/w.txt", words_of("dog", 90));
  const Json over = shown(folder / "elsewhere", "../configs/top.yaml", {"task.words=w.txt"});
  CHECK(over["task.words"]["value"].get<std::string>().find(
            (folder / "elsewhere/w.txt").string()) != std::string::npos);
  const Json lists =
      shown(folder / "elsewhere", "../configs/top.yaml", {"task.more=[w.txt, ../data/words.txt]"});
  CHECK(lists["task.more"]["value"].get<std::string>().find(
            (folder / "elsewhere/w.txt").string()) != std::string::npos);
  CHECK(lists["task.more"]["value"].get<std::string>().find((folder / "data/words.txt").string()) !=
        std::string::npos);
  CHECK(shown(folder / "elsewhere", "../configs/top.yaml",
              {"task.words=\"\""})["task.words"]["value"] == "\"\"");
}

TEST_CASE("a file that is not there is refused with the place of the setting and the whole path") {
  const TemporaryFolder folder;
  write_experiment(folder, "words: data/words.txt");
  refused(
      run_in(folder.path(), {"config", "check", "configs/top.yaml"}),
      {"configs/base.yaml:1:",
       "task.words names a file that is not there: " + (folder / "configs/data/words.txt").string(),
       "the path is relative to the file that contains it; from there it is ../data/words.txt"});
  refused(
      run_in(folder.path(), {"train", "configs/top.yaml", "--run", "run", "task.words=none.txt"}),
      {"command line: task.words names a file that is not there: " + (folder / "none.txt").string(),
       "relative to the current folder"});
  CHECK_FALSE(fs::exists(folder / "run"));
  refused(run_in(folder.path(), {"config", "check", "configs/top.yaml", "task.words=~/words.txt"}),
          {(folder / "~/words.txt").string(), "~ is not expanded here"});
  refused(run_in(folder.path(), {"config", "check", "configs/top.yaml", "task.words=data"}),
          {"which is not a regular file"});
  refused(run_in(folder.path(), {"config", "check", "configs/top.yaml", "task.words=/dev/null"}),
          {"which is not a regular file"});
  refused(run_in(folder.path(), {"config", "check", "configs/top.yaml", "task.words=data/words.txt",
                                 "task.more=[data/words.txt, a, b]"}),
          {(folder / "a").string(), (folder / "b").string(), "2 mistakes"});
  refused(run_in(folder.path(), {"task", "draw", kLibrary, "words=none.txt"}),
          {"task.words names a file", (folder / "none.txt").string()});
  const ProcessResult drawn =
      run_in(folder.path(), {"task", "draw", kLibrary, "words=data/words.txt"});
  CAPTURE(drawn.err);
  CHECK(drawn.code == 0);
  CHECK(drawn.out.find("\"prompt\":\"ox") != std::string::npos);
}

TEST_CASE("a run goes on, and is evaluated and tried, from any folder; a changed file is noticed") {
  const TemporaryFolder folder;
  write_experiment(folder);
  const std::string run = folder / "run";
  REQUIRE(run_in(folder / "configs", {"train", "top.yaml", "--run", run, "train.steps=1"}).code ==
          0);
  const std::string config = read_file(folder / "run/config.yaml");
  CHECK(config.find("words: " + (folder / "data/words.txt").string()) != std::string::npos);
  const Json manifest = parse_json(read_file(folder / "run/manifest.json"), "manifest.json");
  REQUIRE(manifest["files"].size() == 1);
  CHECK(manifest["files"][0]["setting"] == "task.words");
  CHECK(manifest["files"][0]["path"] == (folder / "data/words.txt").string());
  const std::string before = manifest["files"][0]["xxh3"];
  CHECK(before.size() == 32);
  const fs::path elsewhere = folder / "elsewhere";
  const auto works = [&](const std::vector<std::string>& arguments) {
    const ProcessResult result = run_in(elsewhere, arguments);
    CAPTURE(result.err);
    CHECK(result.code == 0);
    return result.out;
  };
  works({"train", "--resume", run});
  CHECK(works({"eval", run, "--problems", "4", "--json"}).find("accuracy") != std::string::npos);
  CHECK(works({"play", kLibrary, "--model", run, "--problems", "1"}).find("ox") !=
        std::string::npos);
  works({"replay", run, "--step", "1"});

  write_file_synced(folder / "data/words.txt", words_of("cow", 100));
  const ProcessResult evaluated = run_in(elsewhere, {"eval", run, "--problems", "4"});
  CHECK(evaluated.code == 0);
  CHECK(evaluated.err.find("task.words, " + (folder / "data/words.txt").string() +
                           " has changed since the run") != std::string::npos);
  CHECK(evaluated.err.find(before) != std::string::npos);
  const ProcessResult changed = run_in(elsewhere, {"train", "--resume", run});
  refused(changed,
          {"task.words, " + (folder / "data/words.txt").string() + " was " + before + ", is ",
           "--accept-changes"});
  works({"train", "--resume", run, "--accept-changes"});
  works({"train", "--resume", run});  // from here on it is known
  fs::remove(folder / "data/words.txt");
  refused(
      run_in(elsewhere, {"train", "--resume", run}),
      {"config.yaml:", "names a file that is not there: " + (folder / "data/words.txt").string()});
}

TEST_CASE("levels and mixtures name files, too") {
  const TemporaryFolder folder;
  write_experiment(folder, "levels: [{words: ../data/words.txt}, {words: ../data/more.txt}]");
  refused(run_in(folder.path(), {"config", "check", "configs/top.yaml"}),
          {"configs/base.yaml:1:", "task.levels.2.words names a file that is not there: " +
                                       (folder / "data/more.txt").string()});
  write_file_synced(folder / "data/more.txt", words_of("hen", 90));
  REQUIRE(run_in(folder.path(), {"train", "configs/top.yaml", "--run", "run", "train.steps=1",
                                 "curriculum.window=1"})
              .code == 0);
  const Json manifest = parse_json(read_file(folder / "run/manifest.json"), "manifest.json");
  REQUIRE(manifest["files"].size() == 2);
  CHECK(manifest["files"][1]["path"] == (folder / "data/more.txt").string());
  CHECK(run_in(folder / "elsewhere", {"train", "--resume", "../run"}).code == 0);
  write_file_synced(folder / "data/more.txt", words_of("cat", 90));
  refused(run_in(folder / "elsewhere", {"train", "--resume", "../run"}),
          {"task.levels, " + (folder / "data/more.txt").string() + " was "});

  write_file_synced(folder / "configs/mix.yaml",
                    "task: {use: mix, tasks: {one: {use: " + kLibrary +
                        ", words: ../data/words.txt}, two: " + kLibrary + "}}\n" + kSmall);
  CHECK(shown(folder / "elsewhere", "../configs/mix.yaml")["task.tasks.one.words"]["value"]
            .get<std::string>()
            .find((folder / "data/words.txt").string()) != std::string::npos);
}

TEST_CASE("a comparison notices a changed file") {
  const TemporaryFolder folder;
  write_experiment(folder);
  write_file_synced(folder / "configs/compare.yaml",
                    "extends: base.yaml\ncompare: {budget: {steps: 1}, seeds: [1], controls: none, "
                    "arms: {a: {}, b: {train.learning_rate: 1e-3}}}\n");
  const std::vector<std::string> compare = {"compare", "../configs/compare.yaml", "--run",
                                            "../comparison"};
  const ProcessResult first = run_in(folder / "elsewhere", compare);
  CAPTURE(first.err);
  REQUIRE(first.code == 0);
  CHECK(run_in(folder / "elsewhere", compare).code == 0);  // nothing to do
  write_file_synced(folder / "data/words.txt", words_of("cow", 100));
  refused(run_in(folder / "elsewhere", compare),
          {"would not continue as it began",
           "task.words, " + (folder / "data/words.txt").string() + " was ", "--accept-changes"});
  std::vector<std::string> accepted = compare;
  accepted.emplace_back("--accept-changes");
  refused(run_in(folder / "elsewhere", accepted),
          {"was tested on the problems", "delete its test.json and compare again"});
  fs::remove(folder / "comparison/arms/a/seed-1/test.json");
  fs::remove(folder / "comparison/arms/b/seed-1/test.json");
  const ProcessResult on =
      run_in(folder / "elsewhere",
             compare);  // the file is known from here on, but not to runs that had ended
  CHECK(on.err.find("would not continue as it began:\n  task.words") == std::string::npos);
}

TEST_CASE("the program's own paths follow the same rule: model.path and libraries") {
  const TemporaryFolder folder;
  write_experiment(folder);
  fs::create_directories(folder / "models");
  fs::copy(golden_folder() / "hf/qwen2_tied", folder / "models/small");
  fs::copy_file(kLibrary, folder / "configs/own.so");
  write_file_synced(folder / "configs/model.yaml",
                    "task: {use: ./own.so}\nalgorithm: grpo\nmodel: {path: ../models/small, "
                    "template: base}\nrollout: {max_tokens: 16}\neval: {problems: 3}\n");
  for (const char* from : {".", "elsewhere"}) {
    const Json all = shown(folder / from, (folder / "configs/model.yaml").string());
    CHECK(all["model.path"]["value"].get<std::string>().find((folder / "models/small").string()) !=
          std::string::npos);
    CHECK(all["task.use"]["value"].get<std::string>().find((folder / "configs/own.so").string()) !=
          std::string::npos);
  }
  const Json over = shown(folder / "models", "../configs/model.yaml", {"model.path=small"});
  CHECK(over["model.path"]["value"].get<std::string>().find((folder / "models/small").string()) !=
        std::string::npos);
  write_file_synced(folder / "configs/lost.yaml",
                    "extends: model.yaml\nmodel: {path: models/small}\n");
  refused(run_in(folder.path(), {"config", "check", "configs/lost.yaml"}),
          {"configs/lost.yaml:2:15: model.path " + (folder / "configs/models/small").string() +
               " is no folder",
           "from there it is ../models/small"});
}

TEST_CASE("show, schema and reference say which settings are paths") {
  const Json shown = Json::parse(tinyzero::tinyzero({"task", "show", kLibrary, "--json"}).out);
  for (const Json& setting : shown["settings"]) CHECK(setting["type"] == "path");
  CHECK(tinyzero::tinyzero({"task", "show", kLibrary}).out.find("a path") != std::string::npos);
  const TemporaryFolder folder;
  fs::copy_file(kLibrary, folder / "word.so");
  const Json schema =
      Json::parse(tinyzero::tinyzero({"--plugins", folder.path(), "config", "schema"}).out);
  bool found = false;
  for (const Json& one : schema["properties"]["task"]["anyOf"][1]["allOf"]) {
    if (one["if"]["properties"]["use"]["const"] != "words") continue;
    found = true;
    CHECK(one["then"]["properties"]["words"]["description"].get<std::string>().find(
              "relative to the file that contains it") != std::string::npos);
  }
  CHECK(found);
  CHECK(tinyzero::tinyzero({"config", "schema", "--markdown"})
            .out.find("| `path` | `\"\"` | a path |") != std::string::npos);
}
