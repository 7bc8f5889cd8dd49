// What the program says to a person who mistypes, and who comes from another trainer.

#include <doctest/doctest.h>

#include <algorithm>

#include "support/golden.h"
#include "support/process.h"
#include "support/temporary.h"

#include "core/base/file.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/words");

namespace {

const std::string kConfig = "tests/integration/small.yaml";

// A command that must fail with exit code 2 and these words on standard error.
ProcessResult refused(const std::vector<std::string>& arguments,
                      const std::vector<std::string>& parts) {
  ProcessResult result = tinyzero::tinyzero(arguments);
  std::string command;
  for (const std::string& word : arguments) command += " " + word.substr(0, 100);
  CAPTURE(command);
  CAPTURE(result.err);
  CHECK(result.code == 2);
  CHECK(result.out.empty());
  CHECK(result.err.starts_with("error: "));
  CHECK(result.err.find("hint: ") != std::string::npos);
  for (const std::string& part : parts) CHECK(result.err.find(part) != std::string::npos);
  // No library speaks to people alone.
  for (const char* raw : {"json.exception", "filesystem error", "stoi", "stod", "stoll",
                          "bad_alloc", "yaml-cpp", "boost::", "std::", "_M_", "File name too long",
                          "Too many levels", "The following argument"})
    CHECK(result.err.find(raw) == std::string::npos);
  return result;
}

}  // namespace

TEST_CASE("commands that do not exist are named, at each level, with the nearest one") {
  refused({"trian"}, {"no command \"trian\" of tinyzero", "did you mean \"train\"?"});
  refused({"task", "lsit"}, {"no command \"lsit\" of tinyzero task", "did you mean \"list\"?"});
  refused({"model", "tokenise"},
          {"no command \"tokenise\" of tinyzero model", "did you mean \"tokenize\"?"});
  refused({"bench", "rolout"},
          {"no command \"rolout\" of tinyzero bench", "did you mean \"rollout\"?"});
  refused({"draw", "countdown"}, {"did you mean `tinyzero task draw`?"});
  refused({"list"}, {"did you mean `tinyzero task list` or `tinyzero algorithm list`?"});
  refused({"evaluate"}, {"did you mean `tinyzero eval`?"});
  refused({"run", "x.yaml"}, {"did you mean `tinyzero train`?"});
  refused({"xyzzy"}, {"no command \"xyzzy\"", "known: train, "});
  refused({"--plugins", "/tmp", "trian"}, {"no command \"trian\""});
  refused({"model", "version"}, {"no command \"version\" of tinyzero model"});
  refused({}, {"a command is missing"});
}

TEST_CASE("help and version are words, too") {
  const auto same = [](const std::vector<std::string>& words,
                       const std::vector<std::string>& options) {
    const ProcessResult a = tinyzero::tinyzero(words), b = tinyzero::tinyzero(options);
    CAPTURE(a.err);
    CHECK(a.code == 0);
    CHECK(a.out == b.out);
    CHECK_FALSE(a.out.empty());
  };
  same({"help"}, {"--help"});
  same({"help", "train"}, {"train", "--help"});
  same({"help", "task", "draw"}, {"task", "draw", "--help"});
  same({"task", "help"}, {"task", "--help"});
  same({"task", "help", "draw"}, {"task", "draw", "--help"});
  same({"version"}, {"--version"});
  refused({"help", "trian"}, {"no command \"trian\"", "did you mean \"train\"?"});
}

TEST_CASE(
    "options that do not exist are named with the nearest one, and settings with how they are "
    "written") {
  refused({"task", "list", "--jsn"},
          {"tinyzero task list has no option --jsn", "did you mean --json?"});
  refused({"train", kConfig, "--quite"}, {"has no option --quite", "did you mean --quiet?"});
  refused({"eval", "x", "--temprature=0.5"},
          {"has no option --temprature", "did you mean --temperature?"});
  refused({"train", kConfig, "--train.steps=20"},
          {"settings are words without dashes: train.steps=20"});
  refused({"train", kConfig, "--steps", "20"}, {"has no option --steps", "train.steps=VALUE"});
  refused({"train", kConfig, "--lr", "1e-4"},
          {"has no option --lr", "that is train.learning_rate here"});
  refused({"config", "check", kConfig, "--num_generations=8"}, {"that is rollout.samples here"});
  refused({"doctor", "--xyz"},
          {"tinyzero doctor has no option --xyz", "`tinyzero doctor --help` lists what there is"});
  refused({"doctor", "all"}, {"tinyzero doctor has no use for \"all\""});
  refused({"task", "draw", "countdown", "--count", "0"},
          {"--count is 0, expected a number of 1 to 100000000"});
  refused({"task", "draw", "countdown", "--seed", "x"}, {"--seed is x"});
  refused({"model", "generate", "x", "--device", "gpu"},
          {"--device is gpu, expected one of cpu, cuda", "did you mean \"cuda\"?"});
  refused({"model", "export", "x", "--out", "y", "--dtype", "float16"}, {"did you mean \"f16\"?"});
  refused({"task", "show"}, {"tinyzero task show is missing its name"});
  refused({"train", kConfig, "--run"}, {"--run wants a value"});
}

TEST_CASE("numbers of options are decimal, finite and in range, and nothing is rounded to them") {
  const std::string model = (golden_folder() / "hf" / "qwen2_tied").string();
  for (const char* value : {"nan", "inf", "0x1", "-1", "1e999", "11", "", "1,5"}) {
    CAPTURE(value);
    const ProcessResult result =
        tinyzero::tinyzero({"model", "generate", model, "--prompt", "a", "--temperature", value});
    CHECK(result.code == 2);
    CAPTURE(result.err);
    CHECK(result.err.find("--temperature") != std::string::npos);
  }
  for (const char* value :
       {"9223372036854775808", "99999999999999999999", "-1", "1.5", "0x10", "nan"}) {
    CAPTURE(value);
    const ProcessResult result = tinyzero::tinyzero({"task", "draw", "countdown", "--seed", value});
    CHECK(result.code == 2);
    CHECK(result.err.find("expected a number of 0 to 9223372036854775807") != std::string::npos);
  }
  CHECK(tinyzero::tinyzero(
            {"task", "draw", "countdown", "--seed", "9223372036854775807", "--count", "1"})
            .code == 0);
  CHECK(tinyzero::tinyzero({"model", "generate", model, "--prompt", "a", "--top-p", "nan"}).code ==
        2);
}

TEST_CASE("an option that there is not is named where a command is missing, too") {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--versoin"}, {"-v"}, {"task", "--jsn"}}) {
    const ProcessResult result = tinyzero::tinyzero(words);
    CAPTURE(result.err);
    CHECK(result.code == 2);
    CHECK(result.err.find("has no option " + words.back()) != std::string::npos);
  }
  CHECK(tinyzero::tinyzero({"task"}).err.find("a command is missing: tinyzero task COMMAND") !=
        std::string::npos);
}

TEST_CASE("a colon without its blank, and a dot in a file, are seen for what they are") {
  const TemporaryFolder folder;
  write_file_synced(folder / "use.yaml", "task: {use:countdown}\nalgorithm: grpo\n");
  CHECK(tinyzero::tinyzero({"config", "check", folder / "use.yaml"})
            .err.find("put a space after the colon: use: countdown") != std::string::npos);
  write_file_synced(folder / "dot.yaml", "task: countdown\nalgorithm: GRPO\ntrain.steps: 5\n");
  const std::string err = tinyzero::tinyzero({"config", "check", folder / "dot.yaml"}).err;
  CAPTURE(err);
  CHECK(err.find("in a file write train: {steps: …}") != std::string::npos);
  CHECK(err.find("did you mean \"grpo\"?") != std::string::npos);
}

TEST_CASE(
    "all mistakes of a file and of the command line are told at once, those of task and algorithm, "
    "too") {
  const TemporaryFolder folder;
  write_file_synced(folder / "x.yaml",
                    "task: {use: countdown, numbers: 33, numbesr: 3}\n"
                    "algorithm: {use: grpo, clip: \"0.2\", klx: 1, beta: 0.1}\n"
                    "train: {lr: 1e-4, steps: \"20\", num_generations: 8}\n"
                    "rollout:\n"
                    "  temprature: 1\n"
                    "clip: 0.2\n"
                    "numbers: 3\n");
  const ProcessResult result = refused(
      {"config", "check", folder / "x.yaml", "eval.every=x"},
      {"x.yaml:1:33: task.numbers is 33, expected an integer from 2 to 6",
       "x.yaml:1:37: unknown setting \"task.numbesr\"\n  hint: did you mean \"numbers\"?",
       "x.yaml:2:30: algorithm.clip is \"0.2\"", "x.yaml:2:37: unknown setting \"algorithm.klx\"",
       "unknown setting \"algorithm.beta\"\n  hint: that is algorithm.kl here",
       "x.yaml:3:9: unknown setting \"train.lr\"\n  hint: that is train.learning_rate here",
       "x.yaml:3:26: train.steps is \"20\"", "that is rollout.samples here",
       "x.yaml:5:3: unknown setting \"rollout.temprature\"\n  hint: did you mean \"temperature\"?",
       "x.yaml:6:1: unknown setting \"clip\"\n  hint: it belongs elsewhere: algorithm.clip",
       "x.yaml:7:1: unknown setting \"numbers\"\n  hint: it belongs elsewhere: task.numbers",
       "command line: eval.every is x", "\n12 mistakes\n"});
  std::size_t last = 0;  // in the order of lines
  for (const char* place :
       {"x.yaml:1:33", "x.yaml:1:37", "x.yaml:2:30", "x.yaml:2:37", "x.yaml:3:9", "x.yaml:3:26",
        "x.yaml:5:3", "x.yaml:6:1", "x.yaml:7:1", "command line"}) {
    const std::size_t at = result.err.find(place);
    CHECK(at != std::string::npos);
    CHECK(at >= last);
    last = at;
  }
  std::string many = "task: countdown\nalgorithm: grpo\ntrain:\n";
  for (int i = 0; i < 40; ++i) many += "  wrong" + std::to_string(i) + ": 1\n";
  write_file_synced(folder / "many.yaml", many);
  const ProcessResult capped = refused({"config", "check", folder / "many.yaml"},
                                       {"40 mistakes, of which these are the first 20"});
  CHECK(capped.err.find("wrong19") != std::string::npos);
  CHECK(capped.err.find("wrong20") == std::string::npos);
  CHECK_FALSE(fs::exists(folder / "run"));

  // A comparison tells what is wrong in any arm, once.
  write_file_synced(
      folder / "compare.yaml",
      "task: countdown\nalgorithm: grpo\ntrain: {lr: 1}\n"
      "compare: {budget: {steps: 1}, arms: {a: {train.updats: 2}, b: {rollout.n: 3}}}\n");
  const ProcessResult arms =
      refused({"compare", folder / "compare.yaml", "--run", folder / "run"},
              {"unknown setting \"train.lr\"", "unknown setting \"train.updats\"",
               "unknown setting \"rollout.n\"", "3 mistakes"});
  CHECK(arms.err.find("train.lr", arms.err.find("train.lr") + 1) == std::string::npos);
  CHECK_FALSE(fs::exists(folder / "run"));
}

TEST_CASE("paths that no file system takes are told as such, by every command") {
  const TemporaryFolder folder;
  const std::string longest = folder / std::string(300, 'x');
  fs::create_symlink(folder / "b", folder / "a");
  fs::create_symlink(folder / "a", folder / "b");
  const std::string loop = folder / "a";
  write_file_synced(folder / "file", "x");
  const std::string below = folder.path() / "file" / "x";
  const std::vector<std::vector<std::string>> commands = {
      {"config", "check", "PATH"},
      {"train", "PATH"},
      {"train", "--resume", "PATH"},
      {"train", kConfig, "--run", "PATH"},
      {"model", "info", "PATH"},
      {"model", "generate", "PATH"},
      {"eval", "PATH"},
      {"report", "PATH"},
      {"watch", "PATH"},
      {"episodes", "PATH"},
      {"replay", "PATH", "--step", "1"},
      {"task", "show", "PATH"},
      {"algorithm", "show", "PATH"},
      {"compare", "PATH"},
      {"plan", "PATH"},
      {"config", "check", kConfig, "model.path=PATH"},
      {"algorithm", "explain", "grpo", "--batch", "PATH"},
      {"model", "merge", "PATH", "--adapter", "x", "--out", "y"}};
  for (const auto& command : commands) {
    for (const std::string& path : {longest, loop, below}) {
      std::vector<std::string> words = command;
      for (std::string& word : words) {
        if (const std::size_t at = word.find("PATH"); at != std::string::npos)
          word.replace(at, 4, path);
      }
      refused(words, {});
    }
  }
  refused({"model", "info", longest}, {longest, "the path is longer than the system takes"});
  refused({"config", "check", loop}, {loop, "its symbolic links lead in a circle"});
}

TEST_CASE("a warm start is advised only where the task has demonstrations") {
  const TemporaryFolder folder;
  write_file_synced(folder / "x.yaml",
                    "task: {use: " + std::string(TINYZERO_BROKEN) +
                        "/faulty.so}\nalgorithm: grpo\nmodel: {layers: 1, width: 16, heads: 2, "
                        "kv_heads: 1, mlp: 32, context: 64}\n"
                        "rollout: {prompts: 8, samples: 4, max_tokens: 20}\ntrain: {steps: "
                        "1}\neval: {problems: 8, every: 0}\npreflight: {max_truncated: 1}\n");
  const ProcessResult result =
      tinyzero::tinyzero({"train", folder / "x.yaml", "--run", folder / "run"});
  CAPTURE(result.err);
  CHECK(result.code == 0);
  CHECK(result.err.find("warning: ") != std::string::npos);
  CHECK(result.err.find("warm_start") == std::string::npos);
}
