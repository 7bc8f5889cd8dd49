// Whole runs: what they write, that they repeat bit for bit, and that no crash costs more than the
// steps since a checkpoint.

#include <doctest/doctest.h>

#include <csignal>
#include <fstream>
#include <map>
#include <set>

#include "core/model/folder.h"
#include "support/golden.h"
#include "support/process.h"
#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/training");

TEST_CASE("a run leaves a folder that says everything") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  const ProcessResult result = tinyzero::tinyzero(train(run, {"train.steps=4"}));
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  CHECK(result.out.empty());
  for (const char* words :
       {"preflight", "known answers 1.00", "warm start  20/20", "held-out", "greedy", "done"})
    CHECK(result.err.find(words) != std::string::npos);
  CHECK(result.err.find('\x1b') == std::string::npos);  // plain lines where there is no terminal

  for (const char* file : {"config.yaml", "manifest.json", "metrics.jsonl", "log.txt",
                           "episodes/step-000001.jsonl.zst", "checkpoints/step-000004/config.json"})
    CHECK(fs::exists(run / file));
  const auto records = json_lines(run / "metrics.jsonl");
  int evaluations = 0, steps = 0;
  for (const Json& record : records) {
    CHECK(record.contains("step"));
    CHECK(record.contains("seconds"));
    if (record.contains("eval/accuracy")) {
      ++evaluations;
      for (const char* name : {"eval/accuracy_low", "eval/accuracy_high", "eval/greedy",
                               "eval/length", "eval/truncated", "eval/problems", "eval/keys"})
        CHECK(record.contains(name));
      CHECK(record["eval/accuracy_low"] <= record["eval/accuracy"]);
    }
    if (record.contains("train/reward")) {
      ++steps;
      for (const char* name :
           {"train/kl", "train/entropy", "train/length", "train/truncated", "train/mixed_groups",
            "train/loss", "train/gradient_norm", "train/logp_gap", "train/failed", "train/accuracy",
            "train/learning_rate", "time/rollout", "time/score", "time/update", "speed/tokens"}) {
        CHECK(record.contains(name));
      }
      CHECK(record["train/logp_gap"].get<double>() < 1e-4);
    }
  }
  CHECK(evaluations == 2);  // before the first update, and at the end (every: 4)
  CHECK(steps == 4);
  const auto episodes = json_lines(run / "episodes/step-000001.jsonl.zst");
  CHECK(episodes.size() == 32);
  for (const char* field :
       {"step", "key", "prompt", "completion", "reward", "outcome", "reason", "parts", "end"})
    CHECK(episodes[0].contains(field));
  const Json manifest = parse_json(read_file(run / "manifest.json"), "manifest.json");
  CHECK(manifest["plugins"].size() == 2);

  // Its checkpoint is a model folder like any other, and the run can be evaluated and watched.
  const ProcessResult evaluated =
      tinyzero::tinyzero({"eval", run, "--json", "--samples", "4", "--problems", "20"});
  REQUIRE(evaluated.code == 0);
  const Json report = Json::parse(evaluated.out);
  CHECK(report["problems"] == 20);
  CHECK(report["pass_at"].size() == 3);
  CHECK(report["pass_at"]["1"].get<double>() == doctest::Approx(report["accuracy"].get<double>()));

  // Two checkpoints on the same problems; what is saved is not computed again, and not doubled.
  const fs::path saved = folder / "answers.jsonl";
  const std::vector<std::string> both = {"eval",   run / "checkpoints/step-000002",
                                         run,      "--samples",
                                         "2",      "--problems",
                                         "20",     "--json",
                                         "--save", saved};
  const ProcessResult compared = tinyzero::tinyzero(both);
  CAPTURE(compared.err);
  REQUIRE(compared.code == 0);
  const Json first = Json::parse(compared.out.substr(0, compared.out.find('\n'))),
             second = Json::parse(compared.out.substr(compared.out.find('\n')));
  CHECK(first["problem_set"] == report["problem_set"]);
  CHECK(second["difference"]["accuracy"]["mean"].get<double>() ==
        doctest::Approx(second["accuracy"].get<double>() - first["accuracy"].get<double>()));
  CHECK(json_lines(saved).size() == 2 * (1 + 20 * 3));
  CHECK(tinyzero::tinyzero(both).out == compared.out);
  CHECK(json_lines(saved).size() == 2 * (1 + 20 * 3));
  const ProcessResult played = tinyzero::tinyzero({"play", "countdown", "--model", run});
  CHECK(played.out.find("of 5 right") != std::string::npos);
  CHECK(std::count(played.out.begin(),
                   played.out.begin() + static_cast<std::ptrdiff_t>(played.out.find(" -> ")),
                   ' ') == 1);  // the run's own
  CHECK(tinyzero::tinyzero({"play", "countdown", "--model", run, "numbers=3", "--problems", "2"})
            .out.find("of 2 right") != std::string::npos);
  CHECK(
      tinyzero::tinyzero({"model", "generate", run, "--prompt", "3 5 -> 8\n", "--max-tokens", "5"})
          .code == 0);
}

TEST_CASE("the same seed gives the same run, another seed another") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "a"));
  run_to_the_end(train(folder / "b"));
  run_to_the_end(train(folder / "c", {"seed=2"}));
  check_same_run(folder / "a", folder / "b");
  CHECK(metrics_of(folder / "a") != metrics_of(folder / "c"));
  run_to_the_end(train(folder / "wave", {"rollout.wave=3"}));
  check_same_run(folder / "a", folder / "wave");
}

TEST_CASE("a run that was killed goes on as if nothing had happened") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "whole"));
  for (const char* moment : {"config.yaml", "checkpoints/step-000000", "checkpoints/step-000004",
                             "episodes/step-000007.jsonl.zst"}) {
    CAPTURE(moment);
    const fs::path run = folder / "killed";
    fs::remove_all(run);
    std::vector<std::string> command = {tinyzero_path()};
    for (const std::string& word : train(run)) command.push_back(word);
    {
      BackgroundProcess process(command);
      REQUIRE(wait_for(run / moment));
      process.signal(SIGKILL);
      process.wait();
    }
    run_to_the_end({"train", "--resume", run});
    check_same_run(folder / "whole", run);
  }
  // A finished run has nothing left to do.
  run_to_the_end({"train", "--resume", folder / "killed"});
  check_same_run(folder / "whole", folder / "killed");
}

TEST_CASE("an interrupted run ends with a checkpoint, and goes on from it") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "whole", {"checkpoint.every=0", "checkpoint.keep=9"}));
  const fs::path run = folder / "stopped";
  std::vector<std::string> command = {tinyzero_path()};
  for (const std::string& word : train(run, {"checkpoint.every=0", "checkpoint.keep=9"}))
    command.push_back(word);
  BackgroundProcess process(command);
  REQUIRE(wait_for(run / "episodes/step-000002.jsonl.zst"));
  process.signal(SIGINT);
  const int code = process.wait();
  const bool finished_first =
      code == 0;  // the last steps are quicker than the signal on some machines
  CHECK((code == 128 + SIGINT || finished_first));
  CHECK(read_file(run / "log.txt").find(finished_first ? "done" : "interrupted") !=
        std::string::npos);
  run_to_the_end({"train", "--resume", run});
  check_same_run(folder / "whole", run);
}

TEST_CASE("a run that goes on with other kernels says so") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  run_to_the_end(train(run, {"train.steps=1"}));
  Json manifest = parse_json(read_file(run / "manifest.json"), "manifest");
  const std::string kernels = manifest["machine"]["kernels"];
  CHECK(tinyzero::tinyzero({"train", "--resume", run}).err.find("warning") == std::string::npos);
  manifest["machine"]["kernels"] = "another";
  write_file_atomically(run / "manifest.json", manifest.dump());
  CHECK(tinyzero::tinyzero({"train", "--resume", run})
            .err.find("warning: this run began with another kernels and continues with " +
                      kernels) != std::string::npos);
}

TEST_CASE("a run in bf16 learns from what it samples, repeats, and goes on bit for bit") {
  const TemporaryFolder folder;
  // Enough of a start for groups with spread, without which no update runs.
  const std::vector<std::string> settings = {"precision=bf16", "task.format_reward=0.3",
                                             "warm_start.steps=200", "rollout.max_tokens=48"};
  std::vector<std::string> narrow = settings;
  narrow.push_back("rollout.wave=3");
  run_to_the_end(train(folder / "whole", settings));
  run_to_the_end(train(folder / "wave", narrow));
  check_same_run(folder / "whole", folder / "wave");
  double widest = 0;
  for (const Json& record : json_lines(folder.path() / "whole" / "metrics.jsonl"))
    widest = std::max(widest, record.value("train/logp_gap", 0.0));
  CHECK(widest > 0);
  CHECK(widest < 0.02);
  MESSAGE("widest mean distance of log-probs in a step: " << widest);
  const fs::path run = folder / "killed";
  std::vector<std::string> command = {tinyzero_path()};
  for (const std::string& word : train(run, settings)) command.push_back(word);
  {
    BackgroundProcess process(command);
    REQUIRE(wait_for(run / "checkpoints/step-000004"));
    process.signal(SIGKILL);
    process.wait();
  }
  run_to_the_end({"train", "--resume", run});
  check_same_run(folder / "whole", run);
}

TEST_CASE(
    "a second interrupt ends a run at once, and nothing is lost but the steps since the last "
    "checkpoint") {
  const TemporaryFolder folder;
  const fs::path run = folder / "stopped";
  bool ended_at_once = false;
  for (int attempt = 0; attempt < 20 && !ended_at_once;
       ++attempt) {  // a run may end between the two signals
    fs::remove_all(run);
    std::vector<std::string> command = {tinyzero_path()};
    for (const std::string& word : train(run, {"rollout.samples=64", "train.steps=100000"}))
      command.push_back(word);
    BackgroundProcess process(command, folder / "err");
    REQUIRE(wait_for(run / "episodes/step-000001.jsonl.zst"));
    process.signal(SIGTERM);
    REQUIRE(wait_for_words(folder / "err", "stopping: "));  // else they may come in any order
    process.signal(SIGINT);
    const int code = process.wait();
    ended_at_once = code == 128 + SIGINT || code == 128 + SIGTERM;
    const bool ended_well = read_file(run / "log.txt").find("interrupted") != std::string::npos;
    CHECK(ended_at_once);  // either way the code is that of the signal
    ended_at_once = ended_at_once && !ended_well;
    if (ended_at_once)
      CHECK(read_file(folder / "err")
                .find("stopped at once; from the last checkpoint continue with: tinyzero train "
                      "--resume ") != std::string::npos);
  }
  CHECK(ended_at_once);
  // It goes on from its last checkpoint, that of step 0 here, and writes again what stands behind
  // it.
  fs::remove(run / "episodes/step-000003.jsonl.zst");
  BackgroundProcess process({tinyzero_path(), "train", "--resume", run});
  REQUIRE(wait_for(run / "episodes/step-000003.jsonl.zst"));
  process.signal(SIGINT);
  CHECK(process.wait() == 128 + SIGINT);
}

TEST_CASE("a damaged checkpoint costs the steps since the one before") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "whole"));
  const fs::path run = folder / "damaged";
  fs::copy(folder / "whole", run, fs::copy_options::recursive);
  for (const char* file : {"model.safetensors", "trainer/optimizer.safetensors",
                           "trainer/state.json", "tokenizer.json"}) {
    const fs::path path = run / "checkpoints/step-000008" / file;
    std::string bytes = read_file(path);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
    write_file_synced(path, bytes);
    const ProcessResult result = tinyzero::tinyzero({"train", "--resume", run});
    CAPTURE(result.err);
    CHECK(result.code == 0);
    CHECK(result.err.find("warning: checkpoint step-000008 cannot be used: " + path.string() +
                          " is damaged: ") != std::string::npos);
    CHECK(result.err.find("the run continues from step-000006") != std::string::npos);
    check_same_run(folder / "whole", run);
    fs::resize_file(path, 1000);
    run_to_the_end({"train", "--resume", run});
    check_same_run(folder / "whole", run);
  }
  // Of one step alone nothing else can stand in.
  fs::resize_file(run / "checkpoints/step-000006/trainer/optimizer.safetensors", 1000);
  const ProcessResult replayed = tinyzero::tinyzero({"replay", run, "--step", "7"});
  CHECK(replayed.code == 2);
  CHECK(replayed.err.find("step-000006/trainer/optimizer.safetensors is damaged") !=
        std::string::npos);
  CHECK(replayed.err.find("the checkpoint before it is step-000004") != std::string::npos);
}

TEST_CASE("a run whose checkpoints are gone is refused, and nothing of it is touched") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run", checkpoints = run / "checkpoints";
  run_to_the_end(train(run, {"train.steps=2"}));
  const auto refused = [&] {
    std::map<std::string, std::string> before, after;
    const auto look = [&](std::map<std::string, std::string>& files) {
      for (const auto& entry : fs::recursive_directory_iterator(run)) {
        if (entry.is_regular_file() && entry.path().filename() != ".lock")
          files[entry.path().string()] = read_file(entry.path());
      }
    };
    look(before);
    const ProcessResult result = tinyzero::tinyzero({"train", "--resume", run});
    look(after);
    CAPTURE(result.err);
    CHECK(result.code == 2);
    CHECK(result.err.find("has episodes and no checkpoint to resume from: " +
                          checkpoints.string()) != std::string::npos);
    CHECK(result.err.find("hint: restore that folder, or start a new run") != std::string::npos);
    CHECK(before == after);
  };
  fs::rename(checkpoints, folder / "away");
  refused();
  fs::create_directory(checkpoints);
  refused();
  fs::copy(folder.path() / "away/step-000002", checkpoints / "step-2", fs::copy_options::recursive);
  refused();
  fs::remove_all(checkpoints);
  fs::rename(folder / "away", checkpoints);
  run_to_the_end({"train", "--resume", run});  // one way out
  fs::remove_all(checkpoints);
  fs::remove(run / "metrics.jsonl");
  fs::remove_all(run / "episodes");
  run_to_the_end({"train", "--resume", run});  // and another
  CHECK(fs::exists(checkpoints / "step-000002"));
}

TEST_CASE("metrics that a crash tore after the last checkpoint refuse no resume") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "whole"));
  for (const std::string& torn : {std::string("{\"step\":7,\"sec"),
                                  std::string("{\"st\n{\"step\":9}\n"), std::string(4096, '\0')}) {
    const fs::path run = folder / "torn";
    fs::remove_all(run);
    fs::copy(folder / "whole", run, fs::copy_options::recursive);
    for (const char* name : {"step-000006", "step-000008"})
      fs::remove_all(run / "checkpoints" / name);
    std::ofstream(run / "metrics.jsonl", std::ios::app | std::ios::binary) << torn;
    std::ofstream(run / "log.txt", std::ios::app | std::ios::binary) << torn;
    run_to_the_end({"train", "--resume", run});
    check_same_run(folder / "whole", run);
  }
}

TEST_CASE("where all checkpoints are damaged nothing is overwritten") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  run_to_the_end(train(run, {"train.steps=2"}));
  for (const auto& checkpoint : fs::directory_iterator(run / "checkpoints"))
    fs::resize_file(checkpoint.path() / "model.safetensors", 1000);
  const std::string metrics = read_file(run / "metrics.jsonl");
  const ProcessResult result = tinyzero::tinyzero({"train", "--resume", run});
  CHECK(result.code == 2);
  CHECK(result.err.find(
            "can be used: " + (run / "checkpoints/step-000002/model.safetensors").string() +
            " is damaged") != std::string::npos);
  CHECK(read_file(run / "metrics.jsonl") == metrics);
}

TEST_CASE("a penalty for leaving the start keeps its reference across a resume") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "whole", {"algorithm.kl=0.1"}));
  CHECK(json_lines(folder.path() / "whole/metrics.jsonl").back().contains("eval/accuracy"));
  CHECK(fs::exists(folder.path() /
                   "whole/checkpoints/step-000008/trainer/reference/model.safetensors"));
  const fs::path run = folder / "again";
  fs::copy(folder / "whole", run, fs::copy_options::recursive);
  for (const char* name : {"step-000006", "step-000008"})
    fs::remove_all(run / "checkpoints" / name);
  run_to_the_end({"train", "--resume", run});
  check_same_run(folder / "whole", run);
}

TEST_CASE(
    "training goes on from any model folder of the family, and a run from any working directory") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "first", {"train.steps=2"}));
  fs::copy_file(fs::path(TINYZERO_PLUGINS) / "countdown.so", folder / "own.so");
  write_file_synced(folder / "second.yaml",
                    "task: {use: ./own.so, numbers: 2, largest: 9, target: [1, 81]}\n"
                    "model: {path: first/checkpoints/step-000002}\nalgorithm: grpo\n"
                    "rollout: {prompts: 4, samples: 2, max_tokens: 16}\ntrain: {steps: 2}\neval: "
                    "{problems: 16}\npreflight: {max_truncated: 1}\n");
  const ProcessResult started =
      run_process({tinyzero_path(), "train", "second.yaml", "--run", "second"}, {}, folder.path());
  CAPTURE(started.err);
  REQUIRE(started.code == 0);
  const fs::path last = folder.path() / "second/checkpoints/step-000002";
  CHECK(load_model(last).config.layers == 1);
  const std::string weights = read_file(last / "model.safetensors");
  fs::remove_all(last);
  const ProcessResult resumed =
      run_process({tinyzero_path(), "train", "--resume", folder / "second"}, {}, "/");
  CAPTURE(resumed.err);
  CHECK(resumed.code == 0);
  CHECK(read_file(last / "model.safetensors") == weights);
}

TEST_CASE("machines can follow a run on standard output") {
  const TemporaryFolder folder;
  std::vector<std::string> command = train(folder / "run", {"train.steps=2"});
  command.insert(command.end(), {"--json", "--quiet"});
  const ProcessResult result = tinyzero::tinyzero(command);
  CHECK(result.code == 0);
  for (std::size_t at = 0; at < result.err.size(); at = result.err.find('\n', at) + 1)
    CHECK(result.err.compare(at, 9, "warning: ") == 0);
  CHECK(result.out == read_file(folder / "run/metrics.jsonl"));
}

TEST_CASE(
    "every member of GRPO's family trains, and settings that contradict each other are refused") {
  const TemporaryFolder folder;
  const std::vector<std::vector<std::string>> members = {
      {"algorithm={use: grpo}"},
      {"algorithm={use: grpo, variant: grpo}"},
      {"algorithm={use: grpo, variant: dr_grpo}"},
      {"algorithm={use: grpo, variant: rloo}"},
      {"algorithm={use: grpo, variant: reinforce_pp}"},
      {"algorithm={use: grpo, variant: reinforce_pp_baseline}"},
      {"algorithm={use: grpo, variant: dapo}"},
      {"algorithm={use: grpo, variant: gspo}", "train.updates=2"},
      {"algorithm={use: grpo, variant: cispo}", "train.epochs=2"},
      {"algorithm={use: grpo, kl: 0.1, kl_in: reward, entropy: 0.01}", "train.updates=2"},
  };
  std::set<std::string> weights;
  for (std::size_t i = 0; i < members.size(); ++i) {
    CAPTURE(i);
    std::vector<std::string> settings = members[i];
    settings.insert(settings.end(), {"train.steps=2", "eval.every=2", "task.format_reward=0.3",
                                     "warm_start.steps=200", "rollout.max_tokens=48"});
    const fs::path run = folder / std::to_string(i);
    run_to_the_end(train(run, settings));
    weights.insert(read_file(run / "checkpoints/step-000002/model.safetensors"));
    for (const Json& line : json_lines(run / "metrics.jsonl")) {
      if (line.contains("train/loss")) CHECK(line["train/loss"].is_number());
    }
  }
  CHECK(weights.size() == members.size());
  const ProcessResult both =
      tinyzero::tinyzero(train(folder / "refused", {"algorithm.baseline=others"}));
  CHECK(both.code == 2);
  CHECK(both.err.find("scale: std belongs to baseline: group") != std::string::npos);
  const ProcessResult idle =
      tinyzero::tinyzero(train(folder / "refused", {"algorithm.constant_length=8"}));
  CHECK(idle.code == 2);
  CHECK(idle.err.find("constant_length") != std::string::npos);
  CHECK_FALSE(fs::exists(folder / "refused"));
}

TEST_CASE("the best checkpoint is kept beside the newest, and chosen on validation only") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  run_to_the_end(train(run, {"checkpoint.keep=1", "eval.every=1", "eval.split=validation",
                             "checkpoint.keep_best=true", "warm_start.steps=200",
                             "train.learning_rate=0.1"}));  // which ruins it
  double best = -1;
  std::int64_t best_step = 0;
  for (const Json& record : json_lines(run / "metrics.jsonl")) {
    if (record.value("eval/accuracy", -1.0) <= best) continue;
    best = record["eval/accuracy"];
    best_step = record["step"];
  }
  CHECK(best_step < 8);
  const std::string name = "step-00000" + std::to_string(best_step);
  CHECK(fs::read_symlink(run / "checkpoints/best") == name);
  CHECK(fs::exists(run / "checkpoints" / name / "model.safetensors"));
  CHECK(fs::exists(run / "checkpoints/step-000008"));
  CHECK(std::distance(fs::directory_iterator(run / "checkpoints"), {}) == 3);
  const ProcessResult evaluated =
      tinyzero::tinyzero({"eval", run / "checkpoints/best", "--task", "countdown", "numbers=2",
                          "--problems", "8", "--max-tokens", "24"});
  CHECK(evaluated.code == 0);
  const ProcessResult refused =
      tinyzero::tinyzero(train(folder / "other", {"checkpoint.keep_best=true"}));
  CHECK(refused.code == 2);
  CHECK(refused.err.find("eval.split is test") != std::string::npos);
}
