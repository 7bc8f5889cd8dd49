// Experiment files as people and their editors use them: the schema, the reference, origins,
// arithmetic, and every file of configs/.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/config/document.h"
#include "core/config/yaml.h"
#include "support/golden.h"
#include "support/json_schema.h"
#include "support/process.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/config");

namespace {

const fs::path kRoot = TINYZERO_SOURCE;
const std::string kConfig = "tests/integration/small.yaml";

Json json_from(const std::vector<std::string>& arguments) {
  const ProcessResult result = tinyzero::tinyzero(arguments);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  return Json::parse(result.out);
}

std::vector<fs::path> experiments() {
  std::vector<fs::path> out = {kRoot / kConfig};
  for (const auto& entry : fs::directory_iterator(kRoot / "configs")) {
    if (entry.path().extension() == ".yaml") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  REQUIRE(out.size() >= 6);
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

}  // namespace

TEST_CASE("the schema takes every experiment of this repository") {
  const Json schema = json_from({"config", "schema"});
  for (const fs::path& file : experiments()) {
    if (load_yaml(file).find("compare") != nullptr) continue;
    CAPTURE(file.string());
    CHECK(joined(SchemaCheck::errors(schema, json_of(parse_yaml(read_file(file), file.string()))))
              .empty());
  }
}

TEST_CASE("the schema and the program agree on what an experiment may say") {
  const TemporaryFolder folder;
  const Json schema = json_from({"config", "schema"});
  for (const Json& c :
       parse_json(read_file(kRoot / "tests/support/experiments.json"), "experiments.json")) {
    const std::string yaml = c["yaml"].get<std::string>();
    CAPTURE(yaml);
    const bool valid = c["valid"].get<bool>();
    const auto errors = SchemaCheck::errors(schema, json_of(parse_yaml(yaml, "x.yaml")));
    CAPTURE(joined(errors));
    CHECK(errors.empty() == valid);
    write_file_synced(folder / "x.yaml", yaml);
    const ProcessResult result = tinyzero::tinyzero({"config", "check", folder / "x.yaml"});
    CAPTURE(result.err);
    CHECK(result.code == (valid ? 0 : 2));
    if (!valid) CHECK(result.err.find("x.yaml:") != std::string::npos);  // every error says where
  }
}

TEST_CASE(
    "the schema knows type, range, choices, default and meaning of every setting, by task and by "
    "algorithm") {
  const Json schema = json_from({"config", "schema"});
  CHECK(schema["$schema"] == "http://json-schema.org/draft-07/schema#");
  const Json& rate = schema["properties"]["train"]["properties"]["learning_rate"];
  CHECK(rate["type"] == "number");
  CHECK(rate["minimum"] == 0);
  CHECK(rate["maximum"] == 1);
  CHECK(rate["default"] == 2e-4);
  CHECK(rate["description"].get<std::string>().find("peak learning rate of RL") == 0);
  const auto settings_of = [&](const char* section, const std::string& use) {
    for (const Json& one : schema["properties"][section]["anyOf"][1]["allOf"]) {
      if (one["if"]["properties"]["use"]["const"] == use) return one["then"]["properties"];
    }
    return Json();
  };
  // What `show` lists is what the schema has, and nothing is missing.
  for (const auto& [section, use] :
       std::vector<std::pair<const char*, std::string>>{{"task", "countdown"},
                                                        {"task", "arithmetic"},
                                                        {"task", "multiplication"},
                                                        {"task", "dataset"},
                                                        {"algorithm", "grpo"},
                                                        {"algorithm", "ppo"},
                                                        {"algorithm", "prime"},
                                                        {"algorithm", "raft"}}) {
    CAPTURE(use);
    const Json properties = settings_of(section, use);
    for (const Json& setting : json_from({section, "show", use, "--json"})["settings"]) {
      const std::string name = setting["name"].get<std::string>();
      CAPTURE(name);
      REQUIRE(properties.contains(name));
      CHECK(properties[name].contains("default"));
      CHECK(properties[name]["description"].get<std::string>().find(
                setting["doc"].get<std::string>()) == 0);
    }
  }
  CHECK(settings_of("task", "countdown")["scorer"]["enum"] == Json::array({"strict", "tinyzero"}));
  CHECK(settings_of("algorithm", "grpo")["variant"]["enum"].size() == 14);
  CHECK_FALSE(settings_of("algorithm", "ppo").contains("variant"));
}

TEST_CASE("a file that extends another may leave out what that one says") {
  const Json schema = json_from({"config", "schema"});
  const auto valid = [&](const char* yaml) {
    return SchemaCheck::errors(schema, json_of(parse_yaml(yaml, "x.yaml"))).empty();
  };
  CHECK(valid("extends: base.yaml\nseed: 2\n"));
  CHECK(valid("extends: base.yaml\nwarm_start: {batch: 8}\n"));  // steps may stand in base.yaml
  CHECK(valid("extends: base.yaml\ntask: {numbers: 4}\n"));
  CHECK_FALSE(valid("extends: base.yaml\nsede: 2\n"));
  CHECK_FALSE(valid("extends: base.yaml\ntask: {use: countdown, numbesr: 4}\n"));
  CHECK(valid("task: {use: build/plugins/mine.so, words: 3}\nalgorithm: grpo\n"));
}

TEST_CASE("docs/experiments.md ends with the reference that the program prints") {
  const ProcessResult printed = tinyzero::tinyzero({"config", "schema", "--markdown"});
  REQUIRE(printed.code == 0);
  const std::string page = read_file(kRoot / "docs/experiments.md");
  const std::size_t at = page.find("## Every setting\n");
  REQUIRE(at != std::string::npos);
  INFO(
      "docs/experiments.md is out of date; renew it from the root of the repository with\n"
      "  sed -i '/^## Every setting$/,$d' docs/experiments.md && ./tinyzero config schema "
      "--markdown >>docs/experiments.md");
  CHECK((page.substr(at) == printed.out));
}

TEST_CASE("config show says where every value comes from") {
  const TemporaryFolder folder;
  write_file_synced(folder / "base.yaml",
                    "seed: 2\ntask: {use: countdown, numbers: 3}\nalgorithm: {use: grpo, variant: "
                    "gspo}\ntrain: {steps: 9, updates: 2}\n");
  write_file_synced(folder / "top.yaml",
                    "extends: base.yaml\ntask: {target: [1, 50]}\ntrain:\n  steps: 10\n");
  const std::string top = folder / "top.yaml", base = folder / "base.yaml";
  const Json shown = json_from({"config", "show", top, "--json", "rollout.samples=4",
                                "task.operators=\"+*\"", "algorithm.kl=0.1"});
  const auto origin = [&](const char* path) { return shown.at(path)["origin"].get<std::string>(); };
  CHECK(origin("seed") == base + ":1:7");
  CHECK(origin("train.steps") == top + ":4:10");
  CHECK(origin("train.updates") == base + ":4:28");
  CHECK(origin("train.epochs") == "default");
  CHECK(origin("rollout.samples") == "command line");
  CHECK(origin("task.use") == base + ":2:13");
  CHECK(origin("task.numbers") == base + ":2:33");
  CHECK(origin("task.target") == top + ":2:16");
  CHECK(origin("task.operators") == "command line");
  CHECK(origin("task.largest") == "default");
  CHECK(origin("algorithm.clip") == "variant gspo");
  CHECK(origin("algorithm.kl") == "command line");
  CHECK(shown["task.target"]["value"] == "[1, 50]");
  CHECK(shown["algorithm.clip"]["value"] == "[0.0003, 0.0004]");
  CHECK_FALSE(
      shown.contains("algorithm.constant_length"));  // no effect beside aggregation: sequence
  CHECK_FALSE(shown.contains("warm_start.batch"));
}

TEST_CASE("overrides: wrong ones name the nearest") {
  const auto refused = [](const std::string& override_, const char* message, const char* hint) {
    const ProcessResult result = tinyzero::tinyzero({"config", "check", kConfig, override_});
    CAPTURE(override_);
    CAPTURE(result.err);
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    CHECK(result.err.find(message) != std::string::npos);
    CHECK(result.err.find(hint) != std::string::npos);
  };
  refused("trian.steps=3", "command line: unknown setting \"trian\"", "did you mean \"train\"?");
  refused("train.stesp=3", "command line: unknown setting \"train.stesp\"",
          "did you mean \"steps\"?");
  refused("task.numbesr=3", "command line: unknown setting \"task.numbesr\"",
          "did you mean \"numbers\"?");
  refused("algorithm.clpi=3", "command line: unknown setting \"algorithm.clpi\"",
          "did you mean \"clip\"?");
  refused("algorithm.variant=dappo", "has no variant \"dappo\"", "did you mean \"dapo\"?");
  refused("train={steps: 3, epohcs: 2}", "command line: unknown setting \"train.epohcs\"",
          "did you mean \"epochs\"?");
  refused("seed.more=3", "is not a map", "");
  refused("seed=\"3\"", "command line: seed is \"3\", expected an integer", "");
  refused("task.in_process=true", "task.in_process has no effect", "remove it");
}

TEST_CASE("config check does the arithmetic of the settings") {
  const Json a =
      json_from({"config", "check", kConfig, "--json", "train.updates=4", "train.epochs=2"});
  CHECK(a["completions_a_step"] == 8 * 4);
  CHECK(a["updates_a_step"] == 4 * 2);
  CHECK(a["completions_an_update"] == 8);
  CHECK(a["tokens_a_step"] == 8 * 4 * 24);
  CHECK(a["tokens"] == 8 * 4 * 24 * 8);
  CHECK(a["demonstrations"] == 20 * 16);
  CHECK(a["evaluations"] == 1 + 2);
  CHECK(a["completions_an_evaluation"] == 32 * 2);
  const std::int64_t weights = a["bytes"]["weights"].get<std::int64_t>();
  CHECK(weights == a["parameters"].get<std::int64_t>() * 4);
  CHECK(a["bytes"]["optimizer"] == 2 * weights);
  CHECK(a["bytes"]["gradients"].get<std::int64_t>() >= weights);
  CHECK(a["bytes"]["auxiliary_models"] == 0);
  CHECK(json_from(
            {"config", "check", kConfig, "--json", "algorithm=ppo"})["bytes"]["auxiliary_models"]
            .get<std::int64_t>() >= 4 * weights);
  const Json rounds =
      json_from({"config", "check", kConfig, "--json", "algorithm={use: grpo, variant: dapo}"});
  CHECK(rounds["tokens_a_step"] == 4 * 8 * 4 * 24);  // dynamic sampling takes up to four rounds
  const ProcessResult shown = tinyzero::tinyzero({"config", "show", kConfig});
  CHECK(shown.out.find("8 problems x 4 samples = 32 completions; 1 update of 32 each") !=
        std::string::npos);
  CHECK(shown.out.find("= 768 a step at most; x 8 steps = 6,144 in the run") != std::string::npos);
}

TEST_CASE("plan measures what a run takes, and leaves nothing behind") {
  const TemporaryFolder folder;
  const ProcessResult result = run_process(
      {tinyzero_path(), "plan", (kRoot / kConfig).string(), "--json"}, {}, folder.path());
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  const Json plan = Json::parse(result.out);
  for (const char* part : {"warm_start_step", "rollout", "update", "evaluation"})
    CHECK(plan["seconds"][part].get<double>() > 0);
  const double total =
      20 * plan["seconds"]["warm_start_step"].get<double>() +
      8 * (plan["seconds"]["rollout"].get<double>() + plan["seconds"]["update"].get<double>()) +
      3 * plan["seconds"]["evaluation"].get<double>();
  CHECK(plan["seconds"]["run"].get<double>() == doctest::Approx(total));
  std::int64_t held = 0;
  for (const char* part : {"weights", "optimizer", "gradients", "decoder"})
    held += plan["bytes"][part].get<std::int64_t>();
  CHECK(plan["peak_bytes"].get<std::int64_t>() > held);

  // A budget ends a run before its last step: a step charges at least its 32 completions, sampled
  // and learned from.
  const Json budget = json_from({"plan", (kRoot / kConfig).string(), "--json",
                                 "train.steps=1000000", "train.budget_tokens=640", "eval.every=0"});
  CHECK(budget["seconds"]["run"].get<double>() <
        20 * budget["seconds"]["warm_start_step"].get<double>() +
            10.5 * (budget["seconds"]["rollout"].get<double>() +
                    budget["seconds"]["update"].get<double>()) +
            2 * budget["seconds"]["evaluation"].get<double>());
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("every file of configs/ says what it is, and runs") {
  for (const fs::path& file : experiments()) {
    if (file.parent_path() != kRoot / "configs" || load_yaml(file).find("compare") != nullptr)
      continue;
    CAPTURE(file.string());
    const std::string text = read_file(file);
    for (const char* word : {"# Purpose ", "# Machine ", "# Minutes ", "# Expected "})
      CHECK(text.find(word) != std::string::npos);
    const TemporaryFolder folder;
    std::vector<std::string> command = {"train",
                                        file,
                                        "--run",
                                        folder / "run",
                                        "warm_start.steps=2",
                                        "train.steps=2",
                                        "rollout.prompts=8",
                                        "rollout.samples=4",
                                        "eval.problems=16",
                                        "preflight.max_truncated=1"};
    // One that starts from a run's checkpoint starts afresh here.
    const Node root = load_yaml(file);
    const Node* model = root.find("model");
    if (model != nullptr && model->find("path") != nullptr)
      command.emplace_back("model={preset: tiny}");
    const ProcessResult result = tinyzero::tinyzero(command);
    CAPTURE(result.err);
    CHECK(result.code == 0);
    int steps = 0;
    for (const Json& record : json_lines(folder / "run" / "metrics.jsonl"))
      steps += record.contains("train/reward") ? 1 : 0;
    CHECK(steps == 2);
  }
}
