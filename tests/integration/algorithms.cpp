// Algorithms in whole runs: what they keep across a resume, what a bad update costs, and what
// explain and replay say of their batches.

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "support/golden.h"
#include "support/process.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/algorithms");

namespace {

const std::string kFaulty = (fs::path(TINYZERO_BROKEN) / "faulty_algorithm.so").string();

// A run of seconds in which groups are mixed: some answers have the form of one, which earns a part
// of the reward.
std::vector<std::string> train(const std::string& run, const std::vector<std::string>& overrides) {
  std::vector<std::string> command = {"train",
                                      "tests/integration/small.yaml",
                                      "--run",
                                      run,
                                      "task.format_reward=0.3",
                                      "warm_start.steps=200",
                                      "rollout.max_tokens=48",
                                      "eval.every=0"};
  command.insert(command.end(), overrides.begin(), overrides.end());
  return command;
}

ProcessResult must(const std::vector<std::string>& arguments, const std::string& input = {}) {
  ProcessResult result = tinyzero::tinyzero(arguments, input);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  return result;
}

std::vector<Json> steps_of(const fs::path& run) {
  std::vector<Json> out;
  for (const Json& record : json_lines(run / "metrics.jsonl")) {
    if (record.contains("train/loss")) out.push_back(record);
  }
  return out;
}

// Every file of the last checkpoint but the state, which holds times.
std::vector<std::pair<std::string, std::string>> last_checkpoint(const fs::path& run) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& entry : fs::recursive_directory_iterator(run / "checkpoints/step-000008")) {
    if (entry.is_regular_file() &&
        entry.path() != run / "checkpoints/step-000008/trainer/state.json")
      out.emplace_back(fs::relative(entry.path(), run).string(), read_file(entry.path()));
  }
  std::sort(out.begin(), out.end());
  return out;
}

Json kept_of(const fs::path& run) {
  return parse_json(read_file(run / "checkpoints/step-000008/trainer/state.json"),
                    "state.json")["kept"];
}

}  // namespace

TEST_CASE(
    "PPO and PRIME go on bit for bit: auxiliary models, their optimizers and adapted weights are "
    "in "
    "checkpoints") {
  const std::vector<std::vector<std::string>> algorithms = {
      {"algorithm={use: ppo, kl: 0.01, kl_target: 0.01, kl_horizon: 100, reference_every: 3, "
       "entropy_target: 0.5}",
       "train.epochs=2", "train.updates=2"},
      {"algorithm={use: prime, accuracy: [0, 1], process: 2}"},
      {"algorithm={use: prime, reference: policy, update: after, granularity: whole, baseline: "
       "published, accuracy: [0, 1]}"},
  };
  const TemporaryFolder folder;
  for (std::size_t i = 0; i < algorithms.size(); ++i) {
    CAPTURE(algorithms[i][0]);
    const fs::path whole = folder / ("whole" + std::to_string(i)),
                   again = folder / ("again" + std::to_string(i));
    must(train(whole, algorithms[i]));
    const fs::path trainer = whole / "checkpoints/step-000008/trainer";
    CHECK(fs::exists(trainer / (i == 0 ? "critic" : "reward_model") / "optimizer.safetensors"));
    fs::copy(whole, again, fs::copy_options::recursive);
    for (const char* name : {"step-000004", "step-000006", "step-000008"})
      fs::remove_all(again / "checkpoints" / name);
    must({"train", "--resume", again});
    CHECK(last_checkpoint(whole) == last_checkpoint(again));
    CHECK(kept_of(whole) == kept_of(again));
    const auto steps = steps_of(whole), repeated = steps_of(again);
    REQUIRE(repeated.size() == steps.size());
    for (std::size_t k = 0; k < steps.size(); ++k) {
      for (const char* name :
           {"train/loss", "train/reward", "train/gradient_norm", "train/entropy"})
        CHECK(steps[k][name] == repeated[k][name]);
    }
    CHECK(steps.back()["train/gradient_norm"] > 0);
  }
  // The auxiliary models did learn, and are folders like others.
  const std::string critic = folder / "whole0/checkpoints/step-000008/trainer/critic";
  CHECK(read_file(critic + "/model.safetensors") !=
        read_file(folder / "whole0/checkpoints/step-000000/trainer/critic/model.safetensors"));
  CHECK(must({"model", "info", critic}).out.find("qwen3") != std::string::npos);
  const ProcessResult refused = tinyzero::tinyzero({"model", "generate", critic, "--prompt", "1"});
  CHECK(refused.code == 2);
  CHECK(refused.err.find("it is a critic") != std::string::npos);
}

TEST_CASE("a critic is warmed up before the policy moves") {
  const TemporaryFolder folder;
  must(train(folder / "run", {"algorithm={use: ppo, critic_warmup: 6}"}));
  const auto weights = [&](const char* step, const char* model) {
    return read_file(folder.path() / "run/checkpoints" / step / model / "model.safetensors");
  };
  CHECK(weights("step-000000", "") == weights("step-000006", ""));
  CHECK(weights("step-000006", "") != weights("step-000008", ""));
  CHECK(weights("step-000000", "trainer/critic") != weights("step-000006", "trainer/critic"));
}

TEST_CASE("a variant stands for visible settings, and what is set beside it wins") {
  const std::string config = "tests/integration/small.yaml";
  const ProcessResult shown =
      must({"config", "show", config, "algorithm={use: grpo, variant: dr_grpo, clip: 0.3}"});
  CHECK(shown.out.find("algorithm.scale              none             variant dr_grpo") !=
        std::string::npos);
  CHECK(shown.out.find("algorithm.aggregation        constant         variant dr_grpo") !=
        std::string::npos);
  CHECK(shown.out.find("algorithm.clip               [0.3]            command line") !=
        std::string::npos);
  CHECK(must({"config", "show", config, "algorithm={use: grpo, variant: dapo}"})
            .out.find("[0.2, 0.28]      variant dapo") != std::string::npos);
  // A setting of the variant that another makes idle is left out.
  CHECK(
      must({"config", "show", config, "algorithm={use: grpo, variant: dapo, objective: weighted}"})
          .out.find("dual_clip") == std::string::npos);
  const std::pair<const char*, const char*> refused[] = {
      {"algorithm={use: grpo, variant: dappo}", "did you mean \"dapo\""},
      {"algorithm={use: ppo, variant: dapo}", "has no variant \"dapo\""},
      {"algorithm={use: grpo, value_clip: 0.5}", "unknown setting \"algorithm.value_clip\""},
      {"algorithm={use: grpo, kl_in: reward}", "algorithm.kl_in has no effect: algorithm.kl is 0"},
      {"algorithm={use: ppo, kl: 0.1, kl_in: loss, kl_estimator: k1}",
       "k1 has no effect in the loss"},
      {"algorithm={use: ppo, kl: 0.1, kl_in: loss, kl_estimator: k3, kl_target: 0.1}",
       "it matters only with reward"},
      {"algorithm={use: grpo, sampling_rounds: 3}", "it matters only with true"},
      {"algorithm={use: prime, accuracy: 0.5}", "accuracy wants [low, high]"},
  };
  for (const auto& [override, words] : refused) {
    CAPTURE(override);
    const ProcessResult result = tinyzero::tinyzero({"config", "check", config, override});
    CHECK(result.code == 2);
    CHECK(result.err.find(words) != std::string::npos);
  }
}

TEST_CASE("dynamic sampling replaces problems that teach nothing, and says what it cost") {
  const TemporaryFolder folder;
  must(train(folder / "run",
             {"algorithm={use: grpo, variant: dapo, sampling_rounds: 8}", "train.steps=4"}));
  bool more = false;
  for (const Json& step : steps_of(folder / "run")) {
    CHECK(step["train/kept"] <= 8);
    CHECK(step["train/sampled"].get<int>() % 8 == 0);
    more = more || step["train/sampled"] > 8;
    const auto episodes =
        json_lines(folder.path() / "run/episodes" /
                   ("step-00000" + std::to_string(step["step"].get<int>()) + ".jsonl.zst"));
    CHECK(episodes.size() == step["train/sampled"].get<std::size_t>() * 4);
    std::set<int> kept;
    for (const Json& episode : episodes)
      if (episode["kept"].get<bool>()) kept.insert(episode["problem"].get<int>());
    CHECK(kept.size() == step["train/kept"].get<std::size_t>());
  }
  CHECK(more);
}

TEST_CASE("an update that is not finite is skipped, counted, saved and explained") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  const ProcessResult result = must(train(run, {"algorithm={use: " + kFaulty + ", nan_at: 3}"}));
  CHECK(result.err.find("warning: 1 update of step 3 skipped: a loss or gradient was not finite (1 "
                        "in this run") != std::string::npos);
  CHECK(result.err.find("algorithm explain") != std::string::npos);
  const auto steps = steps_of(run);
  REQUIRE(steps.size() == 8);
  for (const Json& step : steps) CHECK(step["train/skipped"] == (step["step"] == 3 ? 1 : 0));
  CHECK(steps[3]["train/gradient_norm"] > 0);  // the run goes on
  CHECK(read_file(run / "checkpoints/step-000008/trainer/state.json").find("\"skipped\": 1") !=
        std::string::npos);

  const std::string saved = run / "faults/step-000003.json";
  const ProcessResult first = must({"algorithm", "explain", kFaulty, "nan_at=3", "--batch", saved});
  CHECK(first.out == must({"algorithm", "explain", kFaulty, "nan_at=3", "--batch", saved}).out);
  const Json bad = Json::parse(first.out);
  CHECK(bad["loss"].is_null());
  CHECK(bad["not_finite"][0] == "loss");
  CHECK(bad["advantages"].size() == 32);
  const Json good = Json::parse(must({"algorithm", "explain", kFaulty, "--batch", saved}).out);
  CHECK(good["loss"].is_number());
  CHECK(good["not_finite"].empty());

  const ProcessResult stopped = tinyzero::tinyzero(train(
      folder / "stopped", {"algorithm={use: " + kFaulty + ", nan_at: 3}", "train.max_skipped=0"}));
  CHECK(stopped.code == 1);
  CHECK(stopped.err.find("train.max_skipped is 0") != std::string::npos);
  CHECK(fs::exists(folder.path() / "stopped/checkpoints/step-000002/model.safetensors"));
}

TEST_CASE(
    "sampler and trainer are compared, corrected for each other, and a run stops when they part") {
  const TemporaryFolder folder;
  must(train(folder / "run", {"precision=f32", "train.importance_cap=2", "train.steps=2"}));
  for (const Json& step : steps_of(folder / "run")) {
    CHECK(step["train/importance"].get<double>() == doctest::Approx(1).epsilon(1e-3));
    CHECK(step["train/logp_gap"].get<double>() < 1e-4);
  }
  const ProcessResult stopped =
      tinyzero::tinyzero(train(folder / "stopped", {"train.max_logp_gap=1e-12"}));
  CHECK(stopped.code == 1);
  CHECK(stopped.err.find("train.max_logp_gap is 1e-12") != std::string::npos);
}

// Rewards 1, 0, 0, 0.1 with ddof 1, by verl, OpenRLHF and slime: the hand-checkable numbers of the
// literature.
TEST_CASE("explain gives advantages, loss, its terms and its gradient by token") {
  const std::string batch =
      R"({"groups":[0,0,0,0],"rewards":[1,0,0,0.1],"old_logp":[[-1,-2],[-1],[-3],[-1,-1,-1]],)"
      R"("logp":[[-1,-2],[-1],[-3],[-1,-1,-1]]})";
  const Json out = Json::parse(must({"algorithm", "explain", "grpo", "--batch", "-"}, batch).out);
  const double expected[] = {1.492913, -0.566277, -0.566277, -0.360358};
  double loss = 0, terms = 0;
  const std::size_t lengths[] = {2, 1, 1, 3};
  for (std::size_t i = 0; i < 4; ++i) {
    REQUIRE(out["advantages"][i].size() == lengths[i]);
    for (std::size_t t = 0; t < lengths[i]; ++t) {
      CHECK(out["advantages"][i][t].get<double>() == doctest::Approx(expected[i]).epsilon(1e-5));
      CHECK(out["gradient"][i][t].get<double>() == doctest::Approx(-expected[i] / 7).epsilon(1e-5));
    }
    loss -= expected[i] * static_cast<double>(lengths[i]) / 7;
    terms += out["terms"][i].get<double>();
  }
  CHECK(out["loss"].get<double>() == doctest::Approx(loss).epsilon(1e-5));
  CHECK(terms == doctest::Approx(loss).epsilon(1e-5));
  CHECK(out["counts"] == Json({{"tokens", 7.0}, {"episodes", 4.0}, {"samples", 4.0}}));
  CHECK(out["metrics"]["clipped"] == 0.0);

  // GAE of r = 0, 0, 1 and V = .5, .4, .3 with lambda .95, and what the critic would learn from it.
  const Json ppo = Json::parse(
      must({"algorithm", "explain", "ppo", "lambda=0.95", "whiten=false", "--batch", "-"},
           R"({"groups":[0],"rewards":[1],"old_logp":[[-1,-1,-1]],"outputs":{"critic":[[0.5,0.4,)"
           R"(0.3]]}})")
          .out);
  const double advantages[] = {0.43675, 0.565, 0.7}, returns[] = {0.93675, 0.965, 1};
  for (std::size_t t = 0; t < 3; ++t) {
    CHECK(ppo["advantages"][0][t].get<double>() == doctest::Approx(advantages[t]).epsilon(1e-6));
    CHECK(ppo["added"]["returns"][0][t].get<double>() == doctest::Approx(returns[t]).epsilon(1e-6));
    CHECK(ppo["models"]["critic"]["gradient"][0][t].get<double>() ==
          doctest::Approx(-advantages[t] / 3).epsilon(1e-5));
  }
  CHECK_FALSE(ppo.contains("assumed"));

  // PRIME's numbers: q = [.2 -.1 .5] [.4 -.6], right [1, 0], coefficients 5 : 5, as its code
  // computes them.
  const Json prime = Json::parse(
      must({"algorithm", "explain", "prime", "process=5", "outcome=5", "baseline=published",
            "normalize=false", "beta=1", "accuracy=[0, 1]", "--batch", "-"},
           R"({"groups":[0,0],"rewards":[1,0],"old_logp":[[-1,-1,-1,-1],[-1,-1,-1]],)"
           R"("outputs":{"reward_model":[[-0.8,-1.1,-0.5,-1],[-0.6,-1.6,-1]],)"
           R"("reward_reference":[[-1,-1,-1,-1],[-1,-1,-1]]}})")
          .out);
  CHECK(prime["advantages"][0][0].get<double>() > prime["advantages"][1][0].get<double>());
  CHECK(prime["models"]["reward_model"]["loss"].get<double>() ==
        doctest::Approx(0.5 * (std::log1p(std::exp(-0.6)) + std::log1p(std::exp(-0.2)))));

  for (const auto& [input, words] :
       {std::pair("{}", "has no \"rewards\""),
        std::pair("[]", "is not a JSON object"),
        std::pair(R"({"rewards":[1],"groups":[0,1]})",
                  "\"groups\" has 2 episodes, \"rewards\" has 1"),
        std::pair(R"({"rewards":[1],"groups":[0],"old_logp":[[-1]],"logp":[[-1,-2]]})",
                  "has 2 tokens in \"logp\", 1 in"),
        std::pair(R"({"rewards":["a"],"groups":[0]})", "expected a number"),
        std::pair(R"({"rewards":[1,null],"groups":[0,0],"old_logp":[[-1],[-1]]})",
                  "\"rewards\" holds null, expected a number"),
        std::pair(R"({"rewards":[true],"groups":[0],"old_logp":[[-1]]})",
                  "\"rewards\" holds true, expected a number"),
        std::pair(R"({"rewards":[1,0],"groups":[0.5,0.5],"old_logp":[[-1],[-1]]})",
                  "\"groups\" holds 0.5, expected an integer"),
        std::pair(R"({"rewards":[1],"groups":[null],"old_logp":[[-1]]})",
                  "\"groups\" holds null, expected an integer"),
        std::pair(R"({"rewards":[1],"groups":[18446744073709551615],"old_logp":[[-1]]})",
                  "at most 63 bits"),
        std::pair(R"({"rewards":[1],"groups":[0],"old_logp":[[-1]],"usable":[0.5]})",
                  "\"usable\" holds 0.5, expected true or false"),
        std::pair(R"({"rewards":[1],"groups":[0],"old_logp":[[-1]],"right":[2]})",
                  "\"right\" holds 2, expected true or false"),
        std::pair(R"({"rewards":[1],"groups":[0],"old_logp":[[-1]],"step":1.5})",
                  "\"step\" holds 1.5, expected an integer"),
        std::pair(
            R"({"rewards":[1],"groups":[0],"old_logp":[[-1]],"max_tokens":null,"update":[0.5]})",
            "\"update\" holds 0.5"),
        std::pair(R"({"rewards":[1],"groups":[0],"old_logp":[[-1]],"mask":[[null]]})",
                  "\"mask\" holds null, expected a number"),
        std::pair(R"({"rewards":[1],"groups":[0],"old_logp":[[-1]],"mask":[[-1]]})",
                  "\"mask\" holds -1, expected a number from 0 to 1"),
        std::pair(R"({"rewards":[1],"groups":[0],"old_logp":[[-1]],"max_tokens":0})",
                  "\"max_tokens\" holds 0, expected an integer from 1"),
        std::pair(R"({"rewards":[1],"groups":[0],"old_logp":[[-1]],"update":[0,0]})",
                  "\"update\" names episode 0 twice"),
        std::pair(R"({"rewards":[1],"groups":[0],"old_logp":[[-1]],"outputs":5})",
                  "\"outputs\" holds 5, expected an object"),
        std::pair(R"({"rewards":[1],"groups":[0],"old_logp":[[-1]],"kept":{"kl_weight":null}})",
                  "\"kl_weight\" holds null")}) {
    const ProcessResult refused =
        tinyzero::tinyzero({"algorithm", "explain", "grpo", "--batch", "-"}, input);
    CHECK(refused.code == 2);
    CHECK(refused.err.find(words) != std::string::npos);
  }
}

TEST_CASE("replay repeats a step, and shows how another algorithm's update differs") {
  const TemporaryFolder folder;
  const std::string run = folder / "run", batch = folder / "batch.json";
  must(train(run, {}));
  const Json same =
      Json::parse(must({"replay", run, "--step", "5", "--json", "--batch", batch}).out);
  CHECK(same["change_cosine"].get<double>() == doctest::Approx(1));
  CHECK(same["change_ratio"].get<double>() == doctest::Approx(1));
  CHECK(same["opposite_signs"] == 0);
  const Json recorded = steps_of(run)[4];
  CHECK(same["own"]["metrics"]["loss"] == recorded["train/loss"]);
  CHECK(same["own"]["metrics"]["gradient_norm"] == recorded["train/gradient_norm"]);
  CHECK(same["own"]["right"].get<double>() > same["own"]["wrong"].get<double>());
  const Json explained = Json::parse(must({"algorithm", "explain", "grpo", "--batch", batch}).out);
  CHECK(explained["loss"].get<double>() ==
        doctest::Approx(recorded["train/loss"].get<double>()).epsilon(1e-4));

  const Json other =
      Json::parse(must({"replay", run, "--step", "5", "--algorithm", "ppo", "--json"}).out);
  CHECK(other["other"]["begun"] == Json({"critic"}));
  CHECK(other["change_cosine"].get<double>() < 0.999);
  CHECK(other["own"]["change"] == same["own"]["change"]);
  const ProcessResult table = must({"replay", run, "--step", "5", "--algorithm", "prime",
                                    "reference=policy", "accuracy=[0, 1]"});
  for (const char* words :
       {"norm of the gradient", "advantages: correlation", "its model reward_model is new here"})
    CHECK(table.out.find(words) != std::string::npos);

  const ProcessResult missing = tinyzero::tinyzero({"replay", run, "--step", "6"});
  CHECK(missing.code == 2);
  CHECK(missing.err.find("it has those before steps 1, 3, 5, 7;") != std::string::npos);
  std::string episodes = lines_of(run + "/episodes/step-000005.jsonl.zst");
  episodes.replace(episodes.find("\"reward\":"), 10, "\"reward\":7");
  write_file_atomically(run + "/episodes/step-000005.jsonl.zst", compress_episodes(episodes));
  const ProcessResult changed = tinyzero::tinyzero({"replay", run, "--step", "5"});
  CHECK(changed.code == 2);
  CHECK(changed.err.find("completion 0 of step 5 does not repeat as it was recorded") !=
        std::string::npos);
}
