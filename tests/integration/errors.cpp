// Bad input: one clear error on standard error, exit code 2, nothing written, nothing lost.

#include <doctest/doctest.h>

#include <algorithm>

#include "support/golden.h"
#include "support/process.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/errors");

namespace {

// Runs a command that must fail with exit code 2, an error that holds all `parts`, and nothing on
// standard output.
void refused(const std::vector<std::string>& arguments, const std::vector<std::string>& parts,
             const std::string& input = {}) {
  const ProcessResult result = tinyzero::tinyzero(arguments, input);
  std::string command;
  for (const std::string& word : arguments) command += " " + word;
  CAPTURE(command);
  CAPTURE(result.err);
  CHECK(result.code == 2);
  CHECK(result.out.empty());
  CHECK(result.err.starts_with("error: "));
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') <= 3);
  for (const std::string& part : parts) CHECK(result.err.find(part) != std::string::npos);
}

const std::string kConfig = "tests/integration/small.yaml";

}  // namespace

TEST_CASE("experiment files") {
  const TemporaryFolder folder;
  const std::string run = folder / "run";
  const auto with = [&](const std::string& override_) {
    return std::vector<std::string>{"train", kConfig, override_, "--run", run};
  };
  refused(with("train.stesp=5"), {"unknown setting \"train.stesp\"", "did you mean \"steps\"?"});
  refused(with("train.steps=many"), {"train.steps is many", "expected an integer"});
  refused(with("train.steps=-1"), {"train.steps is -1", "from 0 to"});
  refused(with("rollout.temperature=0"), {"rollout.temperature is 0", "0.01"});
  refused(with("task.numbers=9"), {"task.numbers is 9", "from 2 to 6"});
  refused(with("task.use=cuontdown"), {"no task \"cuontdown\"", "did you mean \"countdown\"?"});
  refused(with("algorithm.use=gropo"), {"no algorithm \"gropo\"", "did you mean \"grpo\"?"});
  refused(with("algorithm.value_clip=0.2"), {"unknown setting \"algorithm.value_clip\""});
  refused(with("rollout.max_tokens=500"), {"need", "positions, the model has 128"});
  refused(with("model.heads=3"), {"model.heads 3"});
  refused(with("steps"), {"\"steps\" is not an override"});
  refused({"train", "no/such.yaml", "--run", run}, {"cannot read no/such.yaml", "No such file"});
  refused({"train"}, {"no experiment file"});
  write_file_synced(folder / "bad.yaml",
                    "seed: 1\ntask: {use: countdown, numbesr: 3}\nalgorithm: grpo\n");
  refused({"train", folder / "bad.yaml", "--run", run},
          {"bad.yaml:2:24: unknown setting \"task.numbesr\"", "did you mean \"numbers\"?"});
  refused({"config", "check", folder / "bad.yaml"}, {"bad.yaml:2:24"});
  CHECK_FALSE(fs::exists(run));
}

TEST_CASE("a device that is not there") {
  const Json doctor = parse_json(tinyzero::tinyzero({"doctor", "--json"}).out, "doctor");
  const std::string cuda = doctor["cuda"];
  if (cuda != "not built" && !cuda.starts_with("built, no device")) return;
  const std::string model = golden_models().front().string();
  const TemporaryFolder folder;
  refused({"model", "generate", model, "--prompt", "a", "--device", "cuda"},
          {"CUDA", "hint: use device cpu"});
  refused({"model", "score", model, "--device", "cuda"}, {"CUDA", "hint: use device cpu"},
          "{\"ids\":[1,2]}\n");
  refused({"model", "chat", model, "--device", "cuda"}, {"CUDA", "hint: use device cpu"},
          "hello\n");
  refused({"eval", model, "--task", "arithmetic", "--device", "cuda"},
          {"CUDA", "hint: use device cpu"});
  refused({"play", "arithmetic", "--model", model, "--device", "cuda"},
          {"CUDA", "hint: use device cpu"});
  refused({"model", "generate", model, "--prompt", "a", "--device", "tpu"}, {"--device", "tpu"});
  refused({"train", kConfig, "rollout.device=cuda", "--run", folder / "run"},
          {"rollout.device is cuda", "hint: set rollout.device: cpu"});
  refused({"train", kConfig, "train.device=cuda", "--run", folder / "run"},
          {"train.device is cuda", "hint: set train.device: cpu"});
  CHECK_FALSE(fs::exists(folder / "run"));
}

TEST_CASE("run folders") {
  const TemporaryFolder folder;
  write_file_synced(folder / "precious.txt", "x");
  refused({"train", kConfig, "--run", folder.path()}, {"exists already", "--resume"});
  CHECK(read_file(folder / "precious.txt") == "x");
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
  refused({"train", kConfig, "--run", "/proc/no/such"},
          {"cannot make the run folder /proc/no/such"});
  refused({"train", "--resume", folder.path()}, {"is not a run folder"});
  refused({"train", kConfig, "--resume", folder.path()},
          {"--resume continues with the run's own settings"});
  refused({"eval", folder.path()}, {"neither a Hugging Face folder", "nor a run"});
}

TEST_CASE("plugins") {
  const auto broken = [](const char* name) {
    return std::string(TINYZERO_BROKEN) + "/broken_" + name + ".so";
  };
  refused({"task", "show", broken("abi")},
          {"broken_abi.so", "built for task ABI 9.0, this program has 1.0"});
  refused({"task", "show", broken("undefined")},
          {"broken_undefined.so", "function_that_no_library_has"});
  refused({"task", "show", "/no/such.so"}, {"no plugin file /no/such.so"});
  const TemporaryFolder folder;
  const std::string library = read_file(fs::path(TINYZERO_PLUGINS) / "countdown.so");
  write_file_synced(folder / "cut.so", library.substr(0, library.size() / 2));
  refused({"task", "show", folder / "cut.so"}, {"cut.so", "the file is cut"});
  // In a scanned folder it is a warning beside the tasks that work.
  const ProcessResult listed = tinyzero::tinyzero({"--plugins", folder.path(), "task", "list"});
  CHECK(listed.code == 0);
  CHECK(listed.out.find("\ncountdown ") != std::string::npos);
  CHECK(listed.err.find("cut.so") != std::string::npos);
}

TEST_CASE("folders of pointers, of an adapter alone, and of another format") {
  const TemporaryFolder folder;
  const fs::path golden = golden_folder() / "hf" / "qwen2_tied";
  const std::string pointer =
      "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 1234\n";
  for (const char* file : {"config.json", "model.safetensors", "tokenizer.json"}) {
    const fs::path copy = folder / ("without_" + std::string(file));
    fs::copy(golden, copy);
    write_file_synced(copy / file, pointer);
    const bool text = std::string(file) == "tokenizer.json";
    const std::string input = R"({"text":"a"})";
    const ProcessResult result = text ? tinyzero::tinyzero({"model", "tokenize", copy}, input)
                                      : tinyzero::tinyzero({"model", "info", copy});
    CAPTURE(result.err);
    CHECK(result.code == 2);
    CHECK(result.err.find((copy / file).string() + " is a pointer of Git LFS") !=
          std::string::npos);
    CHECK(result.err.find("git lfs pull") != std::string::npos);
  }
  fs::create_directory(folder / "adapter");
  write_file_synced(folder / "adapter/adapter_config.json",
                    R"({"base_model_name_or_path": "Qwen/Qwen2.5-0.5B", "peft_type": "LORA"})");
  refused({"model", "info", folder / "adapter"},
          {"is an adapter, not a model",
           "tinyzero model merge Qwen/Qwen2.5-0.5B --adapter " + (folder / "adapter").string()});
  refused({"eval", folder / "adapter", "--task", "countdown"}, {"is an adapter, not a model"});
  refused({"train", kConfig, "model={path: " + (folder / "adapter").string() + "}", "--run",
           folder / "run"},
          {"is an adapter, not a model"});
  fs::create_directory(folder / "gguf");
  write_file_synced(folder / "gguf/model-q4.gguf", "GGUF");
  refused({"model", "info", folder / "gguf"}, {"holds a model in GGUF", "eval --endpoint"});
  fs::copy_file(golden / "config.json", folder / "gguf/config.json");
  refused({"model", "info", folder / "gguf"}, {"has only weights in GGUF"});
}

TEST_CASE("model folders") {
  const TemporaryFolder folder;
  refused({"model", "info", folder / "none"}, {"no folder"});
  refused({"model", "info", folder.path()}, {"no config.json"});
  const fs::path golden = golden_folder() / "hf" / "qwen2_tied";
  for (const char* file : {"config.json", "model.safetensors"})
    fs::copy_file(golden / file, folder / file);
  const std::string weights = read_file(golden / "model.safetensors");
  write_file_synced(folder / "model.safetensors", weights.substr(0, weights.size() - 100));
  refused({"model", "info", folder.path()}, {"model.safetensors is damaged", "the file is cut"});
  refused({"model", "generate", folder.path()}, {"model.safetensors is damaged"},
          "{\"ids\":[1]}\n");
  refused({"eval", golden}, {"--task is missing"});
  refused({"eval"}, {"nothing to evaluate", "--endpoint URL"});
  refused({"eval", golden, golden, "--task", "countdown"}, {"is given twice"});
  refused({"eval", golden, "--task", "countdown", "--model", "m"}, {"--model requires --endpoint"});
  refused({"eval", "--endpoint", "http://localhost:1", "--task", "countdown"},
          {"--model is missing"});
  refused({"eval", "--endpoint", "http://localhost:1", "--model", "m"}, {"--task is missing"});
  refused({"eval", "--endpoint", "http://localhost:1", "--model", "m", "--task", "countdown",
           "--template", "base"},
          {"--template has no effect"});
  const std::string config = read_file(golden / "config.json"), deep(100'000, '[');
  write_file_synced(folder / "config.json",
                    config.substr(0, config.rfind('}')) + ",\"deep\":" + deep + "}");
  refused({"model", "info", folder.path()},
          {"config.json is not valid JSON: it is nested more than 256 deep"});
  write_file_synced(folder / "config.json", config);
  write_file_synced(folder / "tokenizer.json", "{\"model\":" + deep);
  refused({"model", "tokenize", folder.path()}, {"tokenizer.json is nested more than 32 deep"},
          "{\"text\":\"a\"}\n");
  write_file_synced(folder / "tokenizer.json",
                    R"({"model": {"type": "Unigram", "vocab": [["a", 0.5]]}})");
  refused({"model", "tokenize", folder.path()},
          {"tokenizer.json: model: \"Unigram\" is not supported", "give token ids"},
          "{\"text\":\"a\"}\n");
  refused({"model", "chat", folder.path()}, {"has no chat template", "`model generate`"},
          "hello\n");
}

TEST_CASE("usage") {
  refused({"play", "countdown", "--oracle", "--model", "runs/none"}, {"--model excludes --oracle"});
  refused({}, {"a command is missing"});
  refused({"trian"}, {"did you mean \"train\"?"});
  refused({"task", "lsit"}, {"did you mean \"list\"?"});
  refused({"task", "draw", "countdown", "--cuont", "3"}, {"--cuont"});
  refused({"task", "draw", "countdown", "--count", "0"}, {"--count"});
  refused({"task", "draw", "countdown", "--split", "tset"}, {"no split \"tset\""});
  refused({"model", "generate", "x", "--temperature", "-1"}, {"--temperature"});
}
