// Runs that train an adapter: what they write, that every command reads it, and that no crash costs
// more than the steps since a checkpoint.

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "core/model/folder.h"
#include "core/model/safetensors.h"
#include "support/golden.h"
#include "support/process.h"
#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/lora");

namespace {

// A model that a warm start has made, once.
const std::string& base() {
  static const TemporaryFolder folder;
  static const std::string path = [] {
    run_to_the_end(train(folder / "run", {"train.steps=0"}));
    return (folder / "run" / "checkpoints/step-000000").string();
  }();
  return path;
}

// Rewards are random: the base has hardly learned, and groups without spread would teach nothing.
std::vector<std::string> with_adapter(const std::vector<std::string>& more = {}) {
  std::vector<std::string> settings = {
      "model.path=" + base(), "warm_start.steps=0",       "lora.rank=4",
      "lora.alpha=8",         "train.random_reward=0.5",  "train.learning_rate=1e-2",
      "precision=f32",        "preflight.max_truncated=1"};
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

ProcessResult must(const std::vector<std::string>& arguments) {
  const ProcessResult result = tinyzero::tinyzero(arguments);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  return result;
}

void check_same_adapter(const fs::path& a, const fs::path& b) {
  const std::string name = "checkpoints/step-000008/adapter/adapter_model.safetensors";
  CHECK(read_file(a / name) == read_file(b / name));
}

double largest(const fs::path& run, const char* metric) {
  double most = 0;
  for (const Json& record : json_lines(run / "metrics.jsonl"))
    most = std::max(most, record.value(metric, 0.0));
  return most;
}

}  // namespace

TEST_CASE("a run that trains an adapter leaves models and adapters that every command reads") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  run_to_the_end(train(run, with_adapter({"algorithm.kl=0.05", "train.recompute=true"})));
  CHECK(largest(run, "train/logp_gap") < 1e-4);
  CHECK(largest(run, "train/logp_gap") > 0);

  const fs::path last = run / "checkpoints/step-000008";
  const Model before = load_model(base()), trained = load_model(last);
  std::int64_t adapted = 0;
  for (const ParameterSlot& slot : before.layout.slots()) {
    const bool same = std::equal(before.weights.data() + slot.offset,
                                 before.weights.data() + slot.offset + slot.size,
                                 trained.weights.data() + slot.offset);
    CHECK(same != slot.name.ends_with("_proj.weight"));
    adapted += same ? 0 : 1;
  }
  CHECK(adapted == 7);
  const SafetensorsFile adapter(last / "adapter/adapter_model.safetensors"),
      moments(last / "trainer/optimizer.safetensors");
  std::int64_t values = 0;
  for (const auto& [name, tensor] : adapter.tensors()) values += tensor.elements();
  CHECK(adapter.tensors().size() == 14);
  CHECK(moments.tensors().at("first_moment").elements() == values);
  CHECK_FALSE(fs::exists(last / "trainer/reference"));  // it is the base

  must({"model", "merge", base(), "--adapter", last / "adapter", "--out", folder / "merged"});
  CHECK(read_file(folder / "merged" / "model.safetensors") ==
        read_file(last / "model.safetensors"));
  CHECK(read_file(folder / "merged" / "tokenizer.json") ==
        read_file(fs::path(base()) / "tokenizer.json"));
  must({"model", "merge", base(), "--adapter", last / "adapter", "--out", folder / "half",
        "--dtype", "bf16"});
  must({"model", "export", folder / "merged", "--out", folder / "exported", "--dtype", "bf16"});
  CHECK(read_file(folder / "half" / "model.safetensors") ==
        read_file(folder / "exported" / "model.safetensors"));
  CHECK(read_file(folder / "half" / "config.json") ==
        read_file(folder / "exported" / "config.json"));
  const std::string input = "{\"ids\": [53, 32, 55, 10, 100, 42]}\n";
  CHECK(tinyzero::tinyzero({"model", "score", folder / "merged"}, input).out ==
        tinyzero::tinyzero({"model", "score", run}, input).out);
  CHECK(tinyzero::tinyzero({"model", "score", base()}, input).out !=
        tinyzero::tinyzero({"model", "score", run}, input).out);
  const ProcessResult again = tinyzero::tinyzero(
      {"model", "merge", base(), "--adapter", last / "adapter", "--out", folder / "merged"});
  CHECK(again.code == 2);
  CHECK(again.err.find("exists") != std::string::npos);

  must({"eval", run, "--problems", "10", "--json"});
  must({"model", "generate", run, "--prompt", "3 5 -> 8\n", "--max-tokens", "5"});
  must({"report", run});
  const Json same = Json::parse(must({"replay", run, "--step", "5", "--json"}).out);
  for (const Json& record : json_lines(run / "metrics.jsonl")) {
    if (record["step"] != 5 || !record.contains("train/loss")) continue;
    CHECK(same["own"]["metrics"]["loss"] == record["train/loss"]);
    CHECK(same["own"]["metrics"]["gradient_norm"] == record["train/gradient_norm"]);
  }
  must({"replay", run, "--step", "5", "--algorithm", "ppo", "--json"});
}

TEST_CASE("a run that trains an adapter and was killed goes on as if nothing had happened") {
  const TemporaryFolder folder;
  const std::vector<std::string> references[] = {
      {"algorithm.kl=0.05"}, {"algorithm.kl=0.05", "algorithm.reference_every=3"}};
  for (const auto& reference : references) {
    const bool copied = reference.size() > 1;
    CAPTURE(copied);
    const fs::path whole = folder / (copied ? "whole-copied" : "whole"),
                   run = folder / (copied ? "killed-copied" : "killed");
    run_to_the_end(train(whole, with_adapter(reference)));
    const auto records = json_lines(whole / "metrics.jsonl");
    const auto first = std::find_if(records.begin(), records.end(),
                                    [](const Json& r) { return r.contains("train/kl_reference"); });
    REQUIRE(first != records.end());
    CHECK((*first)["train/kl_reference"].get<double>() < 1e-6);  // the policy is the base still
    CHECK(largest(whole, "train/kl_reference") > 1e-4);
    CHECK(fs::exists(whole / "checkpoints/step-000008/trainer/reference") == copied);
    for (const char* moment :
         {"config.yaml", "checkpoints/step-000004", "episodes/step-000007.jsonl.zst"}) {
      CAPTURE(moment);
      fs::remove_all(run);
      {
        BackgroundProcess process(command_line(train(run, with_adapter(reference))));
        REQUIRE(wait_for(run / moment));
        process.signal(SIGKILL);
        process.wait();
      }
      run_to_the_end({"train", "--resume", run});
      check_same_run(whole, run);
      check_same_adapter(whole, run);
    }
  }
}

TEST_CASE("a checkpoint with a damaged adapter is named, and the one before it is taken") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "whole", with_adapter()));
  run_to_the_end(train(folder / "run", with_adapter()));
  const fs::path file =
      folder / "run" / "checkpoints/step-000008/adapter/adapter_model.safetensors";
  const std::string good = read_file(file);
  write_file_synced(file, good.substr(0, good.size() / 2));
  const ProcessResult result = must({"train", "--resume", folder / "run"});
  CHECK(result.err.find("checkpoint step-000008 cannot be used") != std::string::npos);
  check_same_run(folder / "whole", folder / "run");
  check_same_adapter(folder / "whole", folder / "run");
}

TEST_CASE("layers that are computed once more change nothing of a run") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "kept", {"train.random_reward=0.5"}));
  run_to_the_end(train(folder / "recomputed", {"train.random_reward=0.5", "train.recompute=true"}));
  check_same_run(folder / "kept", folder / "recomputed");
}

TEST_CASE("critics and reward models stand beside an adapter, and a warm start trains it too") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "ppo", with_adapter({"algorithm.use=ppo"})));
  CHECK(fs::exists(folder / "ppo" / "checkpoints/step-000008/trainer/critic/model.safetensors"));
  run_to_the_end(train(folder / "prime", with_adapter({"algorithm.use=prime", "warm_start.steps=3",
                                                       "warm_start.optimizer=adamw"})));
  const fs::path prime = folder / "prime" / "checkpoints";
  CHECK(fs::exists(prime / "step-000008/trainer/reward_model/model.safetensors"));
  CHECK(fs::exists(
      prime / "step-000008/trainer/reward_reference/model.safetensors"));  // after the warm start
                                                                           // it is not the base
  CHECK(read_file(prime / "step-000000/adapter/adapter_model.safetensors") !=
        read_file(prime / "step-000008/adapter/adapter_model.safetensors"));
  run_to_the_end(train(folder / "cold", with_adapter({"algorithm.use=prime"})));
  CHECK_FALSE(fs::exists(folder / "cold" / "checkpoints/step-000008/trainer/reward_reference"));
}

TEST_CASE("critics and reward models with adapters of their own are small, and go on bit for bit") {
  const TemporaryFolder folder;
  const std::vector<std::string> kinds[] = {
      {"algorithm.use=ppo", "lora.auxiliary_models=true"},
      {"algorithm.use=prime", "lora.auxiliary_models=true", "train.optimizer_state=int8"}};
  for (const auto& kind : kinds) {
    CAPTURE(kind.front());
    const bool ppo = kind.front() == "algorithm.use=ppo";
    const fs::path whole = folder / (ppo ? "ppo" : "prime"),
                   run = folder / (ppo ? "ppo-killed" : "prime-killed");
    run_to_the_end(train(whole, with_adapter(kind)));
    {
      BackgroundProcess process(command_line(train(run, with_adapter(kind))));
      REQUIRE(wait_for(run / "checkpoints/step-000004"));
      process.signal(SIGKILL);
      process.wait();
    }
    run_to_the_end({"train", "--resume", run});
    check_same_run(whole, run);
    const fs::path side = fs::path("trainer") / (ppo ? "critic" : "reward_model"),
                   last = fs::path("checkpoints/step-000008");
    for (const char* file :
         {"model.safetensors", "optimizer.safetensors", "adapter/adapter_model.safetensors"})
      CHECK(read_file(whole / last / side / file) == read_file(run / last / side / file));
    const SafetensorsFile adapter(whole / last / "adapter/adapter_model.safetensors"),
        own(whole / last / side / "adapter/adapter_model.safetensors"),
        before(whole / "checkpoints/step-000000" / side / "adapter/adapter_model.safetensors");
    CHECK(own.tensors().size() == adapter.tensors().size() + (ppo ? 2 : 0));
    std::int64_t values = 0;
    int changed = 0;
    for (const auto& [name, tensor] : own.tensors()) {
      values += tensor.elements();
      changed +=
          std::memcmp(tensor.data, before.tensors().at(name).data, tensor.bytes) != 0 ? 1 : 0;
    }
    CHECK(changed == static_cast<int>(own.tensors().size()));  // all of it learns
    const SafetensorsFile moments(whole / last / side / "optimizer.safetensors");
    CHECK(moments.tensors().at("first_moment").elements() == values);
    must({"replay", whole, "--step", "5", "--json"});
  }
}

TEST_CASE("a plan counts what an adapter and recomputed layers save") {
  const auto bytes = [](const std::vector<std::string>& settings) {
    std::vector<std::string> command = {"plan", kConfig, "--json"};
    command.insert(command.end(), settings.begin(), settings.end());
    return Json::parse(must(command).out)["bytes"];
  };
  const Json all = bytes({"model.path=" + base(), "warm_start.steps=0", "precision=f32"}),
             adapter = bytes(with_adapter()), deep = bytes({"model.layers=8"}),
             recomputed = bytes({"model.layers=8", "train.recompute=true"});
  std::int64_t values = 0, matrices = 0;
  const Model before = load_model(base());
  for (const ParameterSlot& slot : before.layout.slots()) {
    if (!slot.name.ends_with("_proj.weight")) continue;
    values += 4 * (slot.shape[0] + slot.shape[1]);
    matrices += slot.size;
  }
  CHECK(adapter["optimizer"] == 8 * values);
  CHECK(adapter["weights"].get<std::int64_t>() ==
        all["weights"].get<std::int64_t>() + 4 * (matrices + values));
  CHECK(adapter["gradients"] < all["gradients"]);
  const Json critic = bytes(with_adapter({"algorithm.use=ppo"})),
             small = bytes(with_adapter({"algorithm.use=ppo", "lora.auxiliary_models=true"}));
  CHECK(small["auxiliary_models"].get<double>() < 0.6 * critic["auxiliary_models"].get<double>());
  CHECK(adapter["learning"] < all["learning"]);  // without the factors of the gradients of matrices
  CHECK(recomputed["learning"].get<double>() < 0.5 * deep["learning"].get<double>());
}

TEST_CASE("what cannot be adapted is refused with its place") {
  const TemporaryFolder folder;
  const struct {
    std::vector<std::string> settings;
    std::string error;
  } cases[] = {
      {{"lora.rank=4"}, "lora.rank is 4, and the model is new"},
      {with_adapter({"train.optimizer=muon"}), "train.optimizer is muon, and lora.rank 4"},
      {with_adapter({"warm_start.steps=3", "warm_start.optimizer=muon"}),
       "warm_start.optimizer is muon"},
      {with_adapter({"train.weights=bf16"}), "train.weights is bf16, and lora.rank 4"},
      {with_adapter({"lora.rank=40"}),
       "an adapter of rank 40 for model.layers.0.self_attn.q_proj, a matrix of 32 x 32"},
      {with_adapter({"lora.targets=[q, q]"}), "lora.targets names \"q\" twice"},
      {with_adapter({"lora.targets=[query]"}), "lora.targets"},
      {{"lora.auxiliary_models=true"}, "lora.auxiliary_models has no effect: lora.rank is 0"},
      {{"lora.alpha=8"}, "lora.alpha has no effect: lora.rank is 0"}};
  for (const auto& c : cases) {
    CAPTURE(c.error);
    const ProcessResult result = tinyzero::tinyzero(train(folder / "run", c.settings));
    CHECK(result.code == 2);
    CHECK(result.err.find(c.error) != std::string::npos);
    CHECK_FALSE(fs::exists(folder / "run"));
  }
}

TEST_CASE("a run whose base has changed does not go on") {
  const TemporaryFolder folder;
  const fs::path copy = folder / "base", run = folder / "run";
  fs::create_directory(copy);
  for (const char* file : {"config.json", "generation_config.json", "model.safetensors",
                           "tokenizer.json", "tokenizer_config.json"})
    fs::copy_file(fs::path(base()) / file, copy / file);
  run_to_the_end(train(run, with_adapter({"model.path=" + copy.string(), "train.steps=2"})));
  Model other = load_model(copy);
  other.weights.data()[other.layout.layer(0).down] += 0.5f;
  save_model(other, copy);
  const ProcessResult refused = tinyzero::tinyzero({"train", "--resume", run});
  CHECK(refused.code == 2);
  CHECK(refused.err.find("model.safetensors was ") != std::string::npos);
  const ProcessResult result = tinyzero::tinyzero({"train", "--resume", run, "--accept-changes"});
  CHECK(result.code == 2);
  CHECK(result.err.find("adapter and base give model.layers.0.mlp.down_proj.weight") !=
        std::string::npos);
}
