// What `plan` says of memory, held against the peaks of runs, and micro-batches that are chosen by memory. Larger models are measured by
// docs/results/memory_of_models.py.

#include <cmath>
#include <csignal>

#include "core/base/memory.h"
#include "support/model_folder.h"
#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/run_memory");

namespace {

// A model of five million parameters in the folder, and a step of RL on it in words that are as long as they may be.
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

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which take memory of their own

TEST_CASE("the memory that config check predicts is what a run takes, within 15 %") {
  const TemporaryFolder folder;
  const std::vector<std::string> base = five_million(folder.path());
  for (const char* lora : {"lora.rank=0", "lora.rank=8"}) {
    for (const char* recompute : {"train.recompute=false", "train.recompute=true"}) {
      std::vector<std::string> settings = base;
      settings.insert(settings.end(), {lora, recompute});
      const Json planned = Json::parse(must({"config", "check", kConfig, "--json"}, settings).out)["bytes"];
      fs::remove_all(folder / "run");
      const auto measured = static_cast<double>(must({"train", kConfig, "--run", folder / "run"}, settings).peak_bytes);
      CAPTURE(lora);
      CAPTURE(recompute);
      CAPTURE(planned.dump());
      CAPTURE(measured);
      CHECK(std::abs(planned["total"].get<double>() / measured - 1) < 0.15);
      CHECK(measured > planned["total"].get<double>() - planned["program"].get<double>() - planned["learning"].get<double>());
    }
  }
}

#endif

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
