// `model info` and `model export`, and what a run that began from a folder keeps of it.

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>

#include "core/model/folder.h"
#include "core/text/tokenizer.h"
#include "support/golden.h"
#include "support/poison.h"
#include "support/runs.h"
#include "support/small_model.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/model_folders");

namespace {

void refused(const std::vector<std::string>& arguments, int code,
             const std::vector<std::string>& words) {
  const ProcessResult result = tinyzero::tinyzero(arguments);
  CAPTURE(result.err);
  CHECK(result.code == code);
  CHECK(result.out.empty());
  for (const std::string& word : words) CHECK(result.err.find(word) != std::string::npos);
}

Json info(const fs::path& folder) {
  return parse_json(tinyzero::tinyzero({"model", "info", folder, "--json"}).out, "model info");
}

// A stand-in for llama.cpp's converter that writes its arguments into the file it is asked for, or
// fails.
void write_converter(const fs::path& folder, bool fails) {
  fs::create_directories(folder);
  write_file_synced(folder / "convert_hf_to_gguf.py",
                    fails ? "#!/bin/sh\necho 'unknown tokenizer' >&2\nexit 3\n"
                          : "#!/bin/sh\necho \"$@\" >\"$3\"\n");
  fs::permissions(folder / "convert_hf_to_gguf.py", fs::perms::owner_all);
}

ProcessResult export_gguf(const fs::path& path, const fs::path& out) {
  return run_process({"env", "PATH=" + path.string() + ":/usr/bin:/bin", tinyzero_path(), "model",
                      "export", golden_folder() / "hf" / "qwen2_tied", "--out", out, "--dtype",
                      "bf16", "--gguf"});
}

}  // namespace

TEST_CASE(
    "weights that are no numbers are named by every command that reads them, and nothing is "
    "written") {
  const TemporaryFolder folder;
  const fs::path model = folder / "model";
  fs::copy(golden_folder() / "hf" / "qwen2_tied", model);
  poison(model / "model.safetensors", "model.layers.1.mlp.up_proj.weight", 3, std::nanf(""));
  const std::vector<std::string> words = {
      "model.safetensors: tensor \"model.layers.1.mlp.up_proj.weight\" holds NaN at [0, 3]",
      "hint: the file is damaged"};
  const std::vector<std::string> task = {
      "--task", "multiplication", "digits=[1, 2]", "--problems", "2", "--max-tokens", "4"};
  const auto with_task = [&](std::vector<std::string> command) {
    command.insert(command.end(), task.begin(), task.end());
    return command;
  };
  refused({"model", "generate", model, "--prompt", "a"}, 2, words);
  refused({"model", "score", model}, 2, words);
  refused({"model", "chat", model}, 2, words);
  refused({"model", "export", model, "--out", folder / "out"}, 2, words);
  refused({"model", "merge", model, "--adapter", golden_folder() / "hf", "--out", folder / "out"},
          2, words);
  refused(with_task({"eval", model}), 2, words);
  refused({"play", "multiplication", "--model", model, "--problems", "2"}, 2, words);
  refused({"train", fs::path(TINYZERO_SOURCE) / "tests/integration/small.yaml", "--run",
           folder / "run", "model={path: " + model.string() + "}"},
          2, words);
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("logits that are no numbers are a bad model: prompt, sample and token are named") {
  const TemporaryFolder folder;
  Tokenizer tokenizer = Tokenizer::make(true);
  Model model = random_model({.layers = 1,
                              .width = 32,
                              .heads = 2,
                              .head_dim = 16,
                              .mlp = 32,
                              .vocab = tokenizer.size(),
                              .eos = {tokenizer.id(kEndToken)},
                              .tied = false});
  const ModelConfig& config = model.config;
  const auto write = [&](const fs::path& to) {
    fs::create_directory(to);
    save_model(model, to);
    tokenizer.save(to);
    return to;
  };
  std::fill_n(model.weights.data() + model.layout.final_norm(), config.width,
              3e37f);  // all weights are numbers
  std::fill_n(model.weights.data() + model.layout.head(), config.vocab * config.width, 3e37f);
  const fs::path overflowing = write(folder / "overflowing");
  const std::vector<std::string> words = {
      "logits are not finite (NaN or infinite) at token 1 of the completion of prompt 1, sample 1",
      "hint: "};
  refused({"model", "generate", overflowing, "--prompt", "a"}, 2, words);
  refused({"model", "generate", overflowing, "--prompt", "a", "--temperature", "0"}, 2, words);
  refused({"eval", overflowing, "--task", "multiplication", "--problems", "1", "--max-tokens", "4"},
          2, words);
  refused({"play", "multiplication", "--model", overflowing, "--problems", "1"}, 2, words);
  const ProcessResult scored =
      tinyzero::tinyzero({"model", "score", overflowing}, "{\"ids\": [1, 2, 3]}\n");
  CHECK(scored.code == 2);
  CHECK(scored.err.find("not finite (NaN or infinite) at token 2 of sequence 1") !=
        std::string::npos);
  const ProcessResult trained =
      tinyzero::tinyzero({"train", fs::path(TINYZERO_SOURCE) / "tests/integration/small.yaml",
                          "--run", folder / "run", "model={path: " + overflowing.string() + "}",
                          "warm_start.steps=0", "preflight.max_truncated=1"});
  CAPTURE(trained.err);
  CHECK(trained.code == 2);
  CHECK(trained.err.find("logits are not finite") != std::string::npos);
  CHECK(trained.err.find("diverged") == std::string::npos);
}

TEST_CASE("model info says what a folder holds, without reading its weights") {
  for (const fs::path& folder : golden_models()) {
    CAPTURE(folder.string());
    const ModelFolder opened(folder);
    const Json json = info(folder);
    CHECK(json["parameters"] == opened.config().parameters());
    CHECK(json["eos"].get<std::vector<std::int64_t>>() == opened.config().eos);
    CHECK(json["tied"] == opened.config().tied);
    CHECK(json["rope"]["theta"] == opened.config().rope_theta);
    CHECK(json["files"].size() == opened.files().size());
    CHECK(json["dtypes"].size() == opened.dtypes().size());
  }
  const std::string llama =
      tinyzero::tinyzero({"model", "info", golden_folder() / "hf" / "llama_rope_scaled"}).out;
  for (const char* words :
       {"llama · LlamaForCausalLM", "230,848 · a head of its own",
        "2 layers of 64 · 4 heads of 16 over 2", "2,048 tokens",
        "Llama 3 scaling by 8 from 64 tokens", "f32 · 0.9 MB in model.safetensors",
        "1305, 1312, 1313 (generation_config.json)"}) {
    CAPTURE(words);
    CHECK(llama.find(words) != std::string::npos);
  }
  CHECK(tinyzero::tinyzero({"model", "info", golden_folder() / "hf" / "qwen2_sharded"})
            .out.find("in 3 shards") != std::string::npos);
}

TEST_CASE("model export: every type, in shards, scores as the model it came from") {
  const TemporaryFolder folder;
  const fs::path golden = golden_folder() / "hf" / "qwen3_bf16";
  const std::string ids = "{\"ids\":[1,2,3,4,5,6]}\n",
                    scores = tinyzero::tinyzero({"model", "score", golden}, ids).out;
  for (const char* dtype : {"f32", "bf16", ""}) {
    const fs::path out = folder / ("out" + std::string(dtype));
    std::vector<std::string> command = {"model", "export",       golden, "--out",
                                        out,     "--shard-size", "100KB"};
    if (*dtype != '\0') command.insert(command.end(), {"--dtype", dtype});
    const ProcessResult result = tinyzero::tinyzero(command);
    CAPTURE(result.err);
    REQUIRE(result.code == 0);
    CHECK(result.out.find(std::string(*dtype != '\0' ? dtype : "bf16") + " · ") !=
          std::string::npos);
    CHECK(info(out)["files"].size() > 2);
    CHECK(tinyzero::tinyzero({"model", "score", out}, ids).out == scores);  // bf16 in f32 is exact
  }
}

TEST_CASE("--precision: scores in bf16 are near those in f32, and not the same") {
  const std::string folder = golden_folder() / "hf" / "qwen3_untied";
  const auto scores = [&](const std::string& precision) {
    const ProcessResult result = tinyzero::tinyzero(
        {"model", "score", folder, "--precision", precision}, "{\"ids\":[3,1,4,1,5,9,2,6]}\n");
    REQUIRE(result.code == 0);
    return parse_json(result.out, "model score")["logprobs"].get<std::vector<double>>();
  };
  const auto exact = scores("f32"), rounded = scores("bf16");
  REQUIRE(exact.size() == 7);
  CHECK(exact != rounded);
  for (std::size_t i = 0; i < exact.size(); ++i) CHECK(std::abs(exact[i] - rounded[i]) < 0.5);
}

TEST_CASE("help of both commands, on standard output") {
  for (const char* command : {"info", "export"}) {
    const ProcessResult result = tinyzero::tinyzero({"model", command, "--help"});
    CHECK(result.code == 0);
    CHECK(result.out.find(std::string("Usage: tinyzero model ") + command) != std::string::npos);
  }
}

TEST_CASE("model export refuses what it cannot do, and writes nothing then") {
  const TemporaryFolder folder;
  const std::string golden = golden_folder() / "hf" / "qwen2_tied";
  refused({"model", "export", golden, "--out", folder.path()}, 2,
          {"exists already", "nothing is overwritten"});
  refused({"model", "export", golden, "--out", folder / "a/b"}, 2, {"no folder"});
  refused({"model", "export", golden, "--out", folder / "x", "--dtype", "int8"}, 2, {"--dtype"});
  refused({"model", "export", golden, "--out", folder / "x", "--shard-size", "2"}, 2,
          {"--shard-size is \"2\"", "2GB"});
  refused({"model", "export", golden, "--out", folder / "x", "--shard-size", "nanGB"}, 2,
          {"which is no size"});
  refused({"model", "export", folder / "none", "--out", folder / "x"}, 2, {"no folder"});
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE(
    "model export --gguf runs llama.cpp's converter, and says so if there is none or it fails") {
  const TemporaryFolder folder;
  const ProcessResult none = export_gguf(folder / "nothing", folder / "out");
  CHECK(none.code == 2);
  CHECK(none.err.find("there is no convert_hf_to_gguf.py in the folders of PATH") !=
        std::string::npos);
  CHECK_FALSE(fs::exists(folder / "out"));

  write_converter(folder / "good", false);
  const ProcessResult good = export_gguf(folder / "good", folder / "out");
  CAPTURE(good.err);
  REQUIRE(good.code == 0);
  const fs::path file = folder / "out/out-bf16.gguf";
  CHECK(good.out.find(file.string()) != std::string::npos);
  CHECK(read_file(file) ==
        (folder / "out").string() + " --outfile " + file.string() + " --outtype bf16\n");

  write_converter(folder / "bad", true);
  const ProcessResult bad = export_gguf(folder / "bad", folder / "kept");
  CHECK(bad.code == 1);
  for (const char* words :
       {"unknown tokenizer", "convert_hf_to_gguf.py ended with 3", "itself is complete"}) {
    CAPTURE(words);
    CHECK(bad.err.find(words) != std::string::npos);
  }
  CHECK(load_model(folder / "kept").config.layers == 2);
}

TEST_CASE(
    "a run that begins from a folder keeps its tokenizer, chat template, end tokens and words, in "
    "checkpoints and exports") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "first", {"train.steps=2"}));
  const fs::path start = folder / "start";
  fs::copy(folder / "first/checkpoints/step-000002", start, fs::copy_options::recursive);
  write_file_synced(start / "chat_template.jinja", "{{ messages }}");
  write_file_synced(start / "special_tokens_map.json", "{\"eos_token\": \"<|endoftext|>\"}");
  Json generation = parse_json(read_file(start / "generation_config.json"), "generation"),
       config = parse_json(read_file(start / "config.json"), "config");
  const Json end = generation["eos_token_id"][0];
  generation["eos_token_id"] = {end, 5};
  generation["top_k"] = 20;
  config["something_new"] = {{"a", 1}};
  write_file_synced(start / "generation_config.json", generation.dump());
  write_file_synced(start / "config.json", config.dump());
  run_to_the_end({"train", "tests/integration/small.yaml", "--run", folder / "second",
                  "model={path: " + start.string() + "}", "algorithm.use=ppo", "warm_start.steps=0",
                  "train.steps=2", "preflight.max_truncated=1"});
  const fs::path checkpoint = folder / "second/checkpoints/step-000002";
  REQUIRE(tinyzero::tinyzero(
              {"model", "export", folder / "second", "--out", folder / "out", "--dtype", "bf16"})
              .code == 0);
  for (const fs::path& kept :
       {checkpoint, checkpoint / "trainer/critic", fs::path(folder / "out")}) {
    CAPTURE(kept.string());
    for (const char* name : {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
                             "special_tokens_map.json", "generation_config.json"})
      CHECK(read_file(kept / name) == read_file(start / name));
    const Json written = parse_json(read_file(kept / "config.json"), "config");
    CHECK(written["something_new"] == config["something_new"]);
    CHECK(written["torch_dtype"] == (kept.filename() == "out" ? "bfloat16" : "float32"));
  }
  CHECK(info(folder / "out")["eos"] == Json({end, 5}));
  CHECK(info(folder / "out")["dtypes"].contains("bf16"));
  CHECK_FALSE(fs::exists(folder / "out/trainer"));
}

TEST_CASE("eval --pass-at: the k that are asked for, by difficulty, and what is newly solved") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  run_to_the_end(train(run, {"warm_start.steps=150", "train.steps=2", "checkpoint.every=1"}));
  const fs::path checkpoints = run / "checkpoints";
  const auto eval = [&](std::vector<std::string> words) {
    std::vector<std::string> all = {
        "eval",       checkpoints / "step-000000", checkpoints / "step-000002", "--problems", "16",
        "--no-greedy"};
    all.insert(all.end(), words.begin(), words.end());
    return tinyzero::tinyzero(all);
  };
  const ProcessResult json = eval({"--pass-at", "4,1", "--json"});
  CAPTURE(json.err);
  REQUIRE(json.code == 0);
  const Json first = Json::parse(json.out.substr(0, json.out.find('\n')));
  const Json second = Json::parse(json.out.substr(json.out.find('\n') + 1));
  CHECK(first["samples"] == 4);
  CHECK(first["pass_at"].size() == 2);
  CHECK(first["pass_at"]["1"]["value"] == first["accuracy"]);
  CHECK(first["pass_at"]["4"]["value"].get<double>() >=
        first["pass_at"]["1"]["value"].get<double>());
  CHECK(first["pass_at"]["4"]["low"].get<double>() <= first["pass_at"]["4"]["high"].get<double>());
  for (const auto& [difficulty, group] : first["by_difficulty"].items())
    CHECK(group["pass_at"].contains("4"));
  CHECK_FALSE(first.contains("unsolved_by_first"));
  CHECK(second["unsolved_by_first"]["problems"].get<int>() <= 16);
  CHECK(second["unsolved_but_by_first"]["problems"].get<int>() <= 16);
  CHECK(second["traits"].contains("attempts"));
  const std::string page = eval({"--pass-at", "1,4"}).out;
  CHECK(page.find("pass@k of 1 ") != std::string::npos);
  CHECK(page.find("k = 4") != std::string::npos);
  CHECK(page.find("that 1 never solves in 4 samples, 2 solves ") != std::string::npos);
  const ProcessResult few = eval({"--pass-at", "8", "--samples", "2"});
  CHECK(few.code == 2);
  CHECK(few.err.find("--pass-at 8 needs 8 samples of each problem, --samples is 2") !=
        std::string::npos);
  CHECK(eval({"--pass-at", "8", "--temperature", "0"}).code == 2);
  CHECK(eval({"--pass-at", "0"}).code == 2);
}
