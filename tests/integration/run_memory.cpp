// What `plan` says of memory, held against the peaks of runs, and micro-batches that are chosen by
// memory. Larger models are measured by docs/results/memory_of_models.py.

#include <cmath>
#include <csignal>
#include <limits>

#include "core/base/memory.h"
#include "support/model_folder.h"
#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/run_memory");

namespace {

// A model of five million parameters in the folder, and a step of RL on it in words that are as
// long as they may be.
std::vector<std::string> five_million(const fs::path& folder) {
  write_random_model(folder / "model", {6, 256, 4, 2, 704, 4096});
  return {"model={path: " + (folder / "model").string() + ", template: base}",
          "warm_start.steps=0",
          "rollout={prompts: 4, samples: 4, max_tokens: 32, wave: 4}",
          "train={steps: 1, random_reward: 0.5}",
          "eval={problems: 4, every: 0}",
          "preflight.max_truncated=1",
          "threads=2"};
}

ProcessResult must(std::vector<std::string> arguments, const std::vector<std::string>& more = {}) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  ProcessResult result = tinyzero::tinyzero(arguments);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  return result;
}

}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)  // which take memory of their own

TEST_CASE("the memory that config check predicts is what a run takes, within 15 %") {
  const TemporaryFolder folder;
  const std::vector<std::string> base = five_million(folder.path());
  for (const char* lora : {"lora.rank=0", "lora.rank=8"}) {
    for (const char* recompute : {"train.recompute=false", "train.recompute=true"}) {
      std::vector<std::string> settings = base;
      settings.insert(settings.end(), {lora, recompute});
      const Json planned =
          Json::parse(must({"config", "check", kConfig, "--json"}, settings).out)["bytes"];
      fs::remove_all(folder / "run");
      const auto measured = static_cast<double>(
          must({"train", kConfig, "--run", folder / "run"}, settings).peak_bytes);
      CAPTURE(lora);
      CAPTURE(recompute);
      CAPTURE(planned.dump());
      CAPTURE(measured);
      CHECK(std::abs(planned["total"].get<double>() / measured - 1) < 0.15);
      CHECK(measured > planned["total"].get<double>() - planned["program"].get<double>() -
                           planned["learning"].get<double>());
    }
  }
}

TEST_CASE(
    "completions, problems and evaluations count, at shapes where they are what takes the memory") {
  const TemporaryFolder folder;
  const std::vector<std::string> small = {
      "model={layers: 1, width: 16, heads: 2, kv_heads: 1, mlp: 32, context: 600}",
      "warm_start.steps=0",
      "preflight.problems=0",
      "train={steps: 1, random_reward: 0.5}",
      "checkpoint.every=0",
      "threads=2"};
  const std::vector<std::vector<std::string>> shapes = {
      {"rollout={prompts: 1024, samples: 64, max_tokens: 1}", "eval={problems: 4, every: 0}"},
      {"rollout={prompts: 16384, samples: 2, max_tokens: 8}", "eval={problems: 4, every: 0}"},
      {"rollout={prompts: 256, samples: 64, max_tokens: 24}", "eval={problems: 4, every: 0}"},
      {"rollout={prompts: 256, samples: 64, max_tokens: 24}", "eval={problems: 4, every: 0}",
       "algorithm=ppo"},
      {"rollout={prompts: 8, samples: 4, max_tokens: 4}",
       "eval={problems: 4000, samples: 16, every: 0}", "task={use: countdown}"}};
  for (const auto& shape : shapes) {
    std::vector<std::string> settings = small;
    settings.insert(settings.end(), shape.begin(), shape.end());
    const Json planned =
        Json::parse(must({"config", "check", kConfig, "--json"}, settings).out)["bytes"];
    fs::remove_all(folder / "run");
    const auto measured =
        static_cast<double>(must({"train", kConfig, "--run", folder / "run"}, settings).peak_bytes);
    const double total = planned["total"].get<double>(),
                 episodes = planned["episodes"].get<double>();
    CAPTURE(shape.front());
    CAPTURE(planned.dump());
    CAPTURE(measured);
    CHECK(std::abs(total / measured - 1) < 0.15);
    CHECK(episodes > 0.15 * total);  // what this is about
    CHECK(std::abs((measured - (total - episodes)) / episodes - 1) < 0.4);
  }
}

#endif

TEST_CASE("a checkpoint takes what is predicted, by the types of its numbers") {
  const TemporaryFolder folder;
  const std::string golden =
      "model={path: " + (golden_folder() / "hf/qwen2_tied").string() + ", template: base}";
  const std::vector<std::vector<std::string>> runs = {
      {},
      {"train.weights=bf16"},
      {"train.optimizer_state=bf16"},
      {"train.optimizer_state=int8"},
      {"train.weights=bf16", "train.optimizer_state=int8"},
      {"algorithm=ppo"},
      {"algorithm=ppo", "train.weights=bf16", "train.optimizer_state=int8"},
      {"algorithm=prime", "train.optimizer_state=bf16"},
      {"algorithm={use: grpo, variant: grpo}"},
      {golden, "lora.rank=4"},
      {golden, "lora={rank: 4, auxiliary_models: true}", "algorithm=ppo",
       "train.optimizer_state=int8"}};
  for (const auto& run : runs) {
    std::vector<std::string> settings = {
        "warm_start.steps=0", "train.steps=1", "eval={problems: 4, every: 0}",
        "preflight.max_truncated=1", "rollout={prompts: 4, samples: 4, max_tokens: 8}"};
    settings.insert(settings.end(), run.begin(), run.end());
    const Json planned = Json::parse(must({"config", "check", kConfig, "--json"}, settings).out);
    fs::remove_all(folder / "run");
    must({"train", kConfig, "--run", folder / "run"}, settings);
    double written = 0;
    for (const auto& entry :
         fs::recursive_directory_iterator(folder / "run/checkpoints/step-000001"))
      written += entry.is_regular_file() ? static_cast<double>(entry.file_size()) : 0;
    std::string words;
    for (const std::string& word : run) words += word + " ";
    CAPTURE(words);
    CAPTURE(written);
    const auto predicted = planned["checkpoint_bytes"].get<double>();
    CAPTURE(predicted);
    CHECK(predicted >= 0.99 * written);
    CHECK(predicted - written < 0.02 * written + 3 * 64 * 1024);  // for texts of three models
  }
}

TEST_CASE(
    "config check allocates nothing by the size of the model or of a step, and says what does not "
    "fit") {
  const auto check = [](const std::vector<std::string>& settings) {
    const ProcessResult shown =
        must({"config", "check", kConfig, "--json", "warm_start.steps=0"}, settings);
    CHECK(shown.peak_bytes < std::int64_t{400} << 20);
    return Json::parse(shown.out);
  };
  const Json wide = check(
      {"model={layers: 256, width: 16384, heads: 64, kv_heads: 64, mlp: 65536, context: 128}"});
  CHECK(wide["parameters"].get<std::int64_t>() > 900'000'000'000);
  CHECK(wide["fits"] == false);
  CHECK(wide["warnings"][0].get<std::string>().find(
            "does not fit this machine: it needs at least ") != std::string::npos);
  const Json many = check({"rollout={prompts: 65536, samples: 4096, max_tokens: 24}"});
  CHECK(many["bytes"]["episodes"].get<double>() > 65536.0 * 4096 * 1000);
  CHECK(many["fits"] == false);
  CHECK(
      check({"model.context=131072", "rollout={prompts: 65536, samples: 4096, max_tokens: 130000}",
             "train.steps=10000000"})["tokens"] == std::numeric_limits<std::int64_t>::max());
  const Json small = check({});
  CHECK(small["fits"] == true);
  CHECK(small["warnings"].empty());
  const ProcessResult words = tinyzero::tinyzero(
      {"config", "check", kConfig, "rollout.prompts=65536", "rollout.samples=4096"});
  CHECK(words.code == 0);
  CHECK(words.err.find("warning: the run does not fit this machine: it needs at least ") !=
        std::string::npos);

  // To begin it is refused, before anything is written.
  const TemporaryFolder folder;
  for (const char* settings :
       {"rollout={prompts: 65536, samples: 4096, max_tokens: 24}",
        "model={layers: 256, width: 16384, heads: 64, kv_heads: 64, mlp: 65536, context: 128}"}) {
    for (const char* preflight : {"preflight.problems=4", "preflight.problems=0"}) {
      const ProcessResult refused = tinyzero::tinyzero(
          {"train", kConfig, "--run", folder / "run", settings, preflight, "warm_start.steps=0"});
      CAPTURE(refused.err);
      CHECK(refused.code == 2);
      CHECK(refused.err.find("this machine") != std::string::npos);
      CHECK(refused.err.find(" GB") != std::string::npos);
      CHECK(refused.peak_bytes < std::int64_t{400} << 20);
      CHECK_FALSE(fs::exists(folder / "run"));
    }
  }
}

TEST_CASE("micro-batches of size 0 are chosen when a run begins, and a resumed run repeats them") {
  const TemporaryFolder folder;
  const fs::path whole = folder / "whole", cut = folder / "cut";
  run_to_the_end(train(whole, {"train.micro_batch=0"}));
  const std::string config = read_file(whole / "config.yaml");
  CHECK(config.find("  micro_batch: 4096\n") != std::string::npos);  // there is room for this model
  const Json manifest = parse_json(read_file(whole / "manifest.json"), "manifest.json");
  CHECK(manifest["settings"]["train.micro_batch"] == "4096");
  {
    BackgroundProcess process(command_line(train(cut, {"train.micro_batch=0"})));
    REQUIRE(wait_for(cut / "checkpoints/step-000002"));
    process.signal(SIGTERM);
    process.wait();
  }
  run_to_the_end({"train", "--resume", cut});
  CHECK(read_file(cut / "config.yaml") == config);
  check_same_run(whole, cut);
}

TEST_CASE("what is available is no more than the machine has, and less once memory is taken") {
  const std::int64_t before = available_memory();
  CHECK(before > (std::int64_t{16} << 20));
  CHECK(before < (std::int64_t{1} << 50));
  CHECK(peak_memory() >= resident_memory() / 2);
}
