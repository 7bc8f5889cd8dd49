#include "core/config/experiment.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/config/yaml.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/experiment");

namespace {

Experiment read(const std::string& yaml) {
  return Experiment::from_node(parse_yaml(yaml, "x.yaml"), "x");
}

const std::string kPlugins = "task: {use: countdown, numbers: 3}\nalgorithm: grpo\n";

}  // namespace

TEST_CASE("sections are typed, plugins' settings are left to the plugins") {
  const Experiment e = read("seed: 3\n" + kPlugins + "rollout: {prompts: 4}\n");
  CHECK(e.general.seed == 3);
  CHECK(e.rollout.prompts == 4);
  CHECK(e.rollout.samples == 8);
  CHECK(e.task.use == "countdown");
  CHECK(e.task.settings.find("numbers")->scalar == "3");
  CHECK(e.algorithm.use == "grpo");
}

TEST_CASE("what cannot work is refused before anything starts") {
  CHECK_THROWS_WITH_AS(read("seed: 1\n"), doctest::Contains("no section \"task\""), Error);
  CHECK_THROWS_WITH_AS(read("task: {numbers: 3}\nalgorithm: grpo\n"),
                       doctest::Contains("task does not say which to use"), Error);
  CHECK_THROWS_WITH_AS(read(kPlugins + "rolout: {prompts: 4}\n"),
                       doctest::Contains("unknown setting \"rolout\""), Error);
  CHECK_THROWS_WITH_AS(read(kPlugins + "train: {updates: 3}\n"),
                       doctest::Contains("does not divide rollout.prompts 64"), Error);
  CHECK_THROWS_WITH_AS(read(kPlugins + "model: {path: m, layers: 2}\n"),
                       doctest::Contains("model.layers has no effect together with model.path"),
                       Error);
}

TEST_CASE("settings without effect are refused, in every section") {
  const auto refused = [](const std::string& yaml, const char* message) {
    CAPTURE(yaml);
    CHECK_THROWS_WITH_AS(read(kPlugins + yaml), doctest::Contains(message), Error);
  };
  for (const char* key : {"batch: 8", "optimizer: adamw", "learning_rate: 1e-3"})
    refused(std::string("warm_start: {") + key + "}\n", "has no effect: warm_start.steps is 0");
  for (const char* key :
       {"updates: 2", "epochs: 2", "optimizer: muon", "learning_rate: 1e-3", "schedule: cosine",
        "warmup: 3", "importance_cap: 2", "max_failed: 0.2", "max_logp_gap: 0.2", "max_skipped: 3"})
    refused(std::string("train: {steps: 0, ") + key + "}\n", "has no effect: train.steps is 0");
  for (const char* key : {"preset: tiny", "tokenizer: bytes", "layers: 2", "width: 64", "heads: 2",
                          "kv_heads: 1", "mlp: 64", "context: 128"})
    refused(std::string("model: {path: m, ") + key + "}\n",
            "has no effect together with model.path");
  CHECK(read(kPlugins + "train: {steps: 0, beta1: 0.8, micro_batch: 64}\nwarm_start: {steps: 3}\n")
            .train.beta1 == 0.8);
}

TEST_CASE("the command line switches off what a file sets") {
  const TemporaryFolder folder;
  write_file_synced(
      folder / "x.yaml",
      "task: countdown\nalgorithm: {use: grpo, clip: 0.1}\nmodel: {preset: small, layers: 2}\n"
      "warm_start: {steps: 5, batch: 8}\ntrain: {steps: 4, updates: 2}\n");
  const auto load = [&](std::vector<std::string> overrides) {
    return Experiment::load(folder / "x.yaml", overrides);
  };
  CHECK(load({"warm_start.steps=0"}).warm_start.steps == 0);
  CHECK(load({"train.steps=0"}).train.steps == 0);
  CHECK(load({"model.path=m"}).model.path == fs::absolute("m"));
  CHECK(load({"task.numbers=3"}).task.settings.find("numbers")->scalar ==
        "3");  // the short form takes settings, too
  CHECK(load({"algorithm=ppo"}).algorithm.settings.find("clip") == nullptr);
  CHECK(load({"algorithm=ppo", "algorithm.clip=0.3"}).algorithm.settings.find("clip")->scalar ==
        "0.3");
  CHECK_THROWS_WITH_AS(load({"warm_start.steps=0", "warm_start.batch=4"}),
                       doctest::Contains("command line: warm_start.batch has no effect"), Error);
}

TEST_CASE("resolved settings read back as the same experiment") {
  const Experiment e =
      read("seed: 7\n" + kPlugins +
           "train: {learning_rate: 3e-4, schedule: cosine}\nmodel: {path: \"a b/c\"}\n");
  std::vector<ResolvedSetting> rows = e.resolved;
  rows.push_back({.path = "task.use", .value = "countdown"});
  rows.push_back({.path = "algorithm.use", .value = "grpo"});
  const Experiment again = read(resolved_yaml(rows));
  CHECK(again.general.seed == 7);
  CHECK(again.train.learning_rate == 3e-4);
  CHECK(again.train.schedule == "cosine");
  CHECK(again.model.path ==
        std::filesystem::absolute("a b/c"));  // so that a run can go on from another folder
}

TEST_CASE("every section without a value inherits, and an override without one is refused") {
  const TemporaryFolder folder;
  const std::string base =
      "precision: f32\nmodel: {path: m}\nlora: {rank: 2}\nwarm_start: {steps: 3, optimizer: "
      "adamw}\nrollout: {samples: 4}\n"
      "task: {use: countdown, levels: [{numbers: 3}]}\ncurriculum: {window: 2}\ntrain: {updates: "
      "2}\neval: {every: 3}\n"
      "checkpoint: {keep: 5}\npreflight: {problems: 4}\nalgorithm: {use: grpo, clip: 0.1}\n";
  write_file_synced(folder / "base.yaml", base);
  const auto text_of = [](const Experiment& e) {
    return resolved_yaml(e.resolved) + flow_text(e.task.settings) + flow_text(e.algorithm.settings);
  };
  const std::string whole = text_of(Experiment::load(folder / "base.yaml", {}));
  std::vector<std::string> names = {"task", "algorithm"};
  Experiment defaults;
  for (const SectionTable& section : section_tables(defaults)) {
    if (!section.name.empty()) names.push_back(section.name);
  }
  CHECK(names.size() == 11);
  for (const std::string& name : names) {
    for (const char* nothing : {":\n", ":\n  # all of it\n", ": ~\n", ": null\n", ": {}\n"}) {
      const std::string child = "extends: base.yaml\n" + name + nothing;
      CAPTURE(child);
      write_file_synced(folder / "child.yaml", child);
      CHECK(text_of(Experiment::load(folder / "child.yaml", {})) == whole);
      write_file_synced(folder / "alone.yaml",
                        "task: countdown\nalgorithm: grpo\nseed: 2\n" +
                            (name == "task" || name == "algorithm" ? "" : name + nothing));
      CHECK(Experiment::load(folder / "alone.yaml", {}).general.seed ==
            2);  // where nothing is inherited it says nothing
    }
    for (const char* nothing : {"=", "=~", "=null", "={}"})
      CHECK_THROWS_WITH_AS(Experiment::load(folder / "base.yaml", {name + nothing}),
                           doctest::Contains("has no value"), Error);
  }
  for (const char* leaf : {"train: {steps: }\n", "task: {levels: }\n", "task: {use: }\n",
                           "model: {path: ~}\n", "seed:\n", "lora: {targets: }\n"}) {
    CAPTURE(leaf);
    write_file_synced(folder / "child.yaml", std::string("extends: base.yaml\n") + leaf);
    std::string what;
    try {
      const Experiment e = Experiment::load(folder / "child.yaml", {});
      what = e.task.settings.find("levels")->kind == Node::Kind::null
                 ? "levels are left to the task"
                 : "taken";
    } catch (const Error& e) {
      what = e.what();
    }
    CHECK(what != "taken");
  }
}

TEST_CASE("all mistakes of a file are found in one go, in the order of its lines") {
  const auto errors_of = [](const std::string& yaml, const std::vector<std::string>& overrides) {
    const TemporaryFolder folder;
    write_file_synced(folder / "x.yaml", yaml);
    std::vector<std::string> out;
    try {
      Experiment::load(folder / "x.yaml", overrides);
    } catch (const Errors& e) {
      for (const Error& one : e.all()) out.push_back(one.what());
    } catch (const Error& e) {
      out.push_back(e.what());
    }
    for (std::string& text : out) {
      if (text.starts_with(folder.path().string()))
        text = text.substr(folder.path().string().size() + 1);
    }
    return out;
  };
  const auto found = errors_of(
      "train: {steps: many, stesp: 3}\n"
      "rollout:\n"
      "  temperature: \"1.0\"\n"
      "  samples: 0\n"
      "warm_start: {batch: 4}\n"
      "sede: 1\n"
      "algorithm: grpo\n",
      {"eval.every=often", "steps", "eval.problems=0"});
  REQUIRE(found.size() == 10);
  CHECK(found[0] == "x.yaml:1:1: no section \"task\"");
  CHECK(found[1].starts_with("x.yaml:1:16: train.steps is many, expected an integer"));
  CHECK(found[2] == "x.yaml:1:22: unknown setting \"train.stesp\"");
  CHECK(found[3].starts_with("x.yaml:3:16: rollout.temperature is \"1.0\", expected a number"));
  CHECK(found[4].starts_with("x.yaml:4:12: rollout.samples is 0, expected an integer"));
  CHECK(found[5].starts_with("x.yaml:5:14: warm_start.batch has no effect"));
  CHECK(found[6] == "x.yaml:6:1: unknown setting \"sede\"");
  CHECK(found[7].starts_with("command line: eval.every is often"));
  CHECK(found[8].starts_with("command line: eval.problems is 0"));
  CHECK(found[9] == "\"steps\" is not an override");
  // One mistake is told as before, and what follows from another one is not told.
  CHECK(errors_of("task: countdown\nalgorithm: grpo\ntrain: {updates: 3}\n", {}).size() == 1);
  CHECK(
      errors_of(
          "task: countdown\nalgorithm: grpo\ntrain: {updates: three}\nrollout: {prompts: 7}\n", {})
          .size() == 1);
}

TEST_CASE(
    "values are shown as they were written, so that quotes are seen where they are the fault") {
  const auto told = [](const std::string& yaml) {
    try {
      read(kPlugins + yaml);
    } catch (const Error& e) {
      return std::string(e.what()) + " | " + e.hint();
    }
    return std::string();
  };
  const auto tells = [&](const std::string& yaml, const std::vector<std::string>& parts) {
    const std::string text = told(yaml);
    CAPTURE(text);
    for (const std::string& part : parts) CHECK(text.find(part) != std::string::npos);
  };
  tells("train: {learning_rate: \"1e-4\"}\n",
        {"train.learning_rate is \"1e-4\", expected",
         "the quotes make it a text; write it without them: learning_rate: 1e-4"});
  tells("train: {steps: '20'}\n",
        {"train.steps is \"20\", expected", "write it without them: steps: 20"});
  tells("train: {recompute: \"true\"}\n",
        {"train.recompute is \"true\"", "write it without them: recompute: true"});
  tells("seed: \"3\"\n", {"seed is \"3\"", "write it without them: seed: 3"});
  tells("lora: {targets: [q, \"x\"]}\n", {"lora.targets is \"x\", expected one of q"});
  tells("train: {steps: 1e3}\n", {"train.steps is 1e3,", "write steps: 1000"});
  tells("train: {steps: 1_000}\n", {"train.steps is 1_000,", "write steps: 1000"});
  tells("train: {steps: 8.0}\n", {"train.steps is 8.0,", "write steps: 8"});
  tells("train: {learning_rate: 1e-4x}\n", {"train.learning_rate is 1e-4x,", "peak learning rate"});
  tells("train: {recompute: yes}\n", {"train.recompute is yes,", "write recompute: true"});
  tells("train: {recompute: False}\n", {"write recompute: false"});
  tells("rollout: {device: gpu}\n", {"rollout.device is gpu,", "did you mean \"cuda\"?"});
  tells("rollout: {device: GPU}\n", {"did you mean \"cuda\"?"});
  tells("rollout: {device: cud}\n", {"did you mean \"cuda\"?"});
  tells("precision: float32\n", {"did you mean \"f32\"?"});
  tells("precision: fp16\n", {"did you mean \"bf16\"?"});
  tells("train: {optimizer: Adam}\n", {"did you mean \"adamw\"?"});
  tells("train: {optimizer: AdamW}\n", {"did you mean \"adamw\"?"});
  tells("eval: {split: val}\n", {"did you mean \"validation\"?"});
  tells("train: {steps:20}\n",
        {"unknown setting \"train.steps:20\"", "put a space after the colon: steps: 20"});
  tells("train: {lr:1e-4}\n", {"put a space after the colon: lr: 1e-4"});
  tells("train:\n  steps:20\n", {"train is steps:20, expected a map of settings",
                                 "put a space after the colon: steps: 20"});
  tells("train: 5\n", {"train is 5, expected a map of settings"});
  tells("train: {steps: }\n", {"train.steps is nothing", "remove the line for the default, 200"});
}

TEST_CASE("an adapter needs a trained model, AdamW, f32 weights and different targets") {
  const auto refused = [](const std::string& yaml, const char* message) {
    CAPTURE(yaml);
    CHECK_THROWS_WITH_AS(read(kPlugins + yaml), doctest::Contains(message), Error);
  };
  refused("lora: {rank: 4}\n", "x.yaml:3:14: lora.rank is 4, and the model is new");
  const std::string lora = "model: {path: m}\nlora: {rank: 4}\n";
  refused(lora + "train: {optimizer: muon}\n", "train.optimizer is muon, and lora.rank 4");
  refused(lora + "warm_start: {steps: 1}\n", "warm_start.optimizer is muon, and lora.rank 4");
  refused(lora + "train: {weights: bf16}\n", "train.weights is bf16, and lora.rank 4");
  refused("model: {path: m}\nlora: {rank: 4, targets: [q, v, q]}\n",
          "lora.targets names \"q\" twice");
  refused("lora: {alpha: 3}\n", "lora.alpha has no effect: lora.rank is 0");
  CHECK(read(kPlugins + lora).lora.rank == 4);
  CHECK(read(kPlugins + lora + "warm_start: {steps: 1, optimizer: adamw}\n").warm_start.steps == 1);
}

TEST_CASE("demonstrations of another task need a warm start") {
  const std::string warm = "warm_start: {steps: 5}\n";
  const Experiment e = read(kPlugins + warm + "demonstrations: other\n");
  REQUIRE(e.demonstrations);
  CHECK(e.demonstrations->use == "other");
  CHECK_FALSE(read(kPlugins + warm).demonstrations);
  for (const char* steps : {"", "warm_start: {steps: 0}\n"})
    CHECK_THROWS_WITH_AS(read(kPlugins + steps + "demonstrations: other\n"),
                         doctest::Contains("demonstrations has no effect: warm_start.steps is 0"),
                         Error);
  CHECK_THROWS_WITH_AS(read(kPlugins + warm + "demonstrations: {n: 1}\n"),
                       doctest::Contains("demonstrations does not say which to use"), Error);
}

TEST_CASE("a curriculum needs a task with levels") {
  const std::string levels = "task: {use: count, levels: [{n: 1}, {n: 2}]}\nalgorithm: grpo\n";
  CHECK_THROWS_WITH_AS(read(kPlugins + "curriculum: {window: 2}\n"),
                       doctest::Contains("curriculum has no effect: the task has no levels"),
                       Error);
  CHECK_THROWS_WITH_AS(read(levels + "curriculum: {lower_at: 0.9}\n"),
                       doctest::Contains("curriculum.lower_at is 0.9, curriculum.raise_at 0.7"),
                       Error);
  CHECK(read(levels + "curriculum: {window: 2}\n").curriculum.window == 2);
  const std::string mixed =
      "task: {use: mix, tasks: {a: {levels: [{n: 1}]}, b: }}\nalgorithm: grpo\n";
  CHECK(read(mixed + "curriculum: {window: 2}\n").curriculum.window == 2);
  // Without levels its settings are not part of the experiment.
  CHECK(read(kPlugins).find("curriculum.window") == nullptr);
  CHECK(read(levels).find("curriculum.window") != nullptr);
}

TEST_CASE("settings that contradict each other are refused") {
  CHECK_THROWS_WITH_AS(read(kPlugins + "train: {budget_tokens: 5, budget_seconds: 5}\n"),
                       doctest::Contains("are both set"), Error);
  CHECK_THROWS_WITH_AS(read(kPlugins + "rollout: {ahead: 1}\n"),
                       doctest::Contains("rollout.ahead is 1, and train.importance_cap 0"), Error);
  CHECK(read(kPlugins + "rollout: {ahead: 1}\ntrain: {importance_cap: 2}\n").rollout.ahead == 1);
  CHECK_THROWS_WITH_AS(read(kPlugins + "checkpoint: {keep_best: true}\n"),
                       doctest::Contains("checkpoint.keep_best is true, and eval.split is test"),
                       Error);
  CHECK(read(kPlugins + "checkpoint: {keep_best: true}\neval: {split: validation}\n")
            .checkpoint.keep_best);
  CHECK_THROWS_WITH_AS(read(kPlugins + "compare: {arms: {}}\n"),
                       doctest::Contains("the section compare: is about several runs"), Error);
}

TEST_CASE("a plugin is an id or the path of a library") {
  CHECK(is_plugin_path("./grpo.so"));
  CHECK(is_plugin_path("grpo.so"));
  CHECK(is_plugin_path("plugins/grpo"));
  CHECK_FALSE(is_plugin_path("grpo"));
  CHECK_FALSE(is_plugin_path("so"));
  const Experiment e = read("task: ./count.so\nalgorithm: grpo\n");
  CHECK(e.task.use == std::filesystem::absolute("count.so"));
  CHECK(e.algorithm.use == "grpo");
}

TEST_CASE("a setting knows where it was written, and a default does not") {
  const Experiment e = read(kPlugins + "train: {steps: 3}\n");
  CHECK(e.place("train.steps").text() == "x.yaml:3:16");
  CHECK(e.place("train.updates").source.empty());
  CHECK(e.place("no.such").source.empty());
  REQUIRE(e.find("train.updates") != nullptr);
  CHECK(e.find("train.updates")->value == "1");
  CHECK(read(kPlugins + "train: {steps: 0}\n").find("train.updates") == nullptr);
}

TEST_CASE("resolved settings are nested as in a file") {
  const std::vector<ResolvedSetting> rows = {{.path = "seed", .value = "1"},
                                             {.path = "a.b", .value = "2"},
                                             {.path = "a.c.d", .value = "[3]"},
                                             {.path = "a.c.e", .value = "4"},
                                             {.path = "f.g", .value = "\"\""}};
  CHECK(resolved_yaml(rows) == "seed: 1\na:\n  b: 2\n  c:\n    d: [3]\n    e: 4\nf:\n  g: \"\"\n");
}
