// plan --gpu: a prediction by shapes alone.

#include "support/model_folder.h"
#include "support/process.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/plan");

namespace {

constexpr double kQwenSmall = 494032768;  // parameters of Qwen2.5-0.5B, as published

struct Planned {
  TemporaryFolder folder;
  std::vector<std::string> settings;

  explicit Planned(const std::string& model) {
    write_shape(folder / "model", published_config(model));
    settings = {"task={use: countdown, level: 4, wording: tinyzero}",
                "model={path: " + (folder / "model").string() + ", template: base}",
                "warm_start.steps=0",
                "rollout={prompts: 64, samples: 4, max_tokens: 512}",
                "train={steps: 10, updates: 4}",
                "eval={problems: 16, every: 0}"};
  }

  ProcessResult run(const std::string& gpu, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command = {"plan", "tests/integration/small.yaml", "--gpu", gpu,
                                        "--json"};
    command.insert(command.end(), settings.begin(), settings.end());
    command.insert(command.end(), more.begin(), more.end());
    return tinyzero::tinyzero(command);
  }

  Json plan(const std::string& gpu, const std::vector<std::string>& more = {}) const {
    const ProcessResult result = run(gpu, more);
    CAPTURE(result.err);
    REQUIRE(result.code == 0);
    return Json::parse(result.out);
  }
};

}  // namespace

TEST_CASE("a folder without weights is planned for: bytes of each part by hand") {
  const Planned planned("Qwen/Qwen2.5-0.5B");
  const Json plan = planned.plan("h100", {"algorithm={use: grpo, kl: 0.001}"});
  CHECK(plan["prediction"] == "on paper, not measured");
  const Json& bytes = plan["bytes"];
  CHECK(bytes["weights"] == 6 * kQwenSmall);
  CHECK(bytes["gradients"] == 4 * kQwenSmall);
  CHECK(bytes["host"].get<double>() >
        20 * kQwenSmall);  // weights, gradient, moments; and the reference
  CHECK(bytes["host"].get<double>() < 20 * kQwenSmall + 1e9);
  CHECK(bytes["auxiliary_models"] == 4 * kQwenSmall);  // the reference
  const double prompt = plan["prompt_tokens"].get<double>(),
               kv = 24 * 2 * 128 * 2;  // layers, keys and values, components, bytes
  CHECK(bytes["sampling"] == 64 * prompt * kv + 256 * 512 * kv + 256 * 151936.0 * 4);
  double total = std::max(bytes["sampling"].get<double>(), bytes["learning"].get<double>());
  for (const char* part : {"weights", "gradients", "auxiliary_models", "program"})
    total += bytes[part].get<double>();
  CHECK(bytes["total"] == total);
  CHECK(plan["fits"] == true);
  const Json critic = planned.plan("h100", {"algorithm={use: ppo, kl: 0}"});
  CHECK(critic["bytes"]["auxiliary_models"] == 8 * kQwenSmall);
  const Json adapter = planned.plan("h100", {"lora.rank=8", "algorithm={use: grpo, kl: 0.001}"});
  CHECK(adapter["bytes"]["gradients"].get<double>() < 0.02 * 4 * kQwenSmall);
  CHECK(adapter["bytes"]["auxiliary_models"] ==
        0);  // the reference is the policy without its adapter
  CHECK(adapter["bytes"]["host"].get<double>() < 0.6 * bytes["host"].get<double>());
}

TEST_CASE("time follows the published peaks, and is divided by the assumed share") {
  const Planned planned("Qwen/Qwen2.5-0.5B");
  const Json h100 = planned.plan("h100"), a100 = planned.plan("a100");
  const Json &fast = h100["seconds_at_peak"], &slow = a100["seconds_at_peak"];
  CHECK(slow["learning"].get<double>() / fast["learning"].get<double>() ==
        doctest::Approx(989.0 / 312));
  CHECK(slow["optimizer"] == fast["optimizer"]);  // of link and computer
  CHECK(fast["optimizer"].get<double>() ==
        doctest::Approx(4 * kQwenSmall * (8 / 31.5e9 + 28 / 100e9)));
  // At the least 6 operations a number of the layers' matrices and trained row.
  const double rows = 64 * (h100["prompt_tokens"].get<double>() + 4 * 512),
               layers = 24.0 * 896 * (2 * 896 + 2 * 128 + 3 * 4864);
  CHECK(fast["learning"].get<double>() > 6 * layers * rows / 989e12);
  CHECK(fast["learning"].get<double>() < 12 * (layers + 896 * 151936.0) * rows / 989e12);
  CHECK(h100["seconds_predicted"].get<double>() ==
        doctest::Approx(fast["run"].get<double>() / h100["assumed_share"].get<double>()));
  CHECK_FALSE(planned.plan("80").contains("seconds_at_peak"));  // a size says nothing of time
}

TEST_CASE("what does not fit comes with settings that do, and they do") {
  const Planned planned("Qwen/Qwen2.5-1.5B");
  const Json plan = planned.plan("24", {"train.micro_batch=8192"});
  CHECK(plan["fits"] == false);
  REQUIRE_FALSE(plan["remedies"].empty());
  for (const Json& remedy : plan["remedies"]) {
    std::vector<std::string> settings = {"train.micro_batch=8192"};
    std::string text = remedy["settings"].get<std::string>();
    CAPTURE(text);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find(' ', at), text.size());
      settings.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    const Json again = planned.plan("24", settings);
    CHECK(again["fits"] == true);
    CHECK(again["bytes"]["total"] == remedy["bytes"]);
  }
  CHECK(planned.plan("2")["remedies"].empty());
  // The setting 0 takes what fits.
  const Json chosen = planned.plan("36", {"train.micro_batch=0"}),
             half = planned.plan("80", {"train.micro_batch=0"});
  CHECK(chosen["fits"] == true);
  CHECK(chosen["micro_batch"] < half["micro_batch"]);
}

TEST_CASE("what is missing or wrong is named") {
  const Planned planned("Qwen/Qwen2.5-0.5B");
  const auto refused = [&](const std::string& gpu, const std::string& what) {
    const ProcessResult result = planned.run(gpu);
    CAPTURE(result.err);
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    CHECK(result.err.find(what) != std::string::npos);
  };
  refused("h1000", "no GPU \"h1000\"");
  refused("-3", "no GPU \"-3\"");
  fs::remove(planned.folder / "model/tokenizer.json");
  refused("h100", "tokenizer.json");
  fs::remove(planned.folder / "model/config.json");
  fs::copy_file(golden_folder() / "hf/qwen2_tied/tokenizer.json",
                planned.folder / "model/tokenizer.json");
  refused("h100", "config.json");
  fs::remove_all(planned.folder / "model");
  refused("h100", "is no folder");
  refused("h100", "config.json and tokenizer.json");
}

TEST_CASE("a plan for people says that it is a prediction") {
  const Planned planned("Qwen/Qwen2.5-3B");
  std::vector<std::string> command = {"plan", "tests/integration/small.yaml", "--gpu", "h100"};
  command.insert(command.end(), planned.settings.begin(), planned.settings.end());
  const ProcessResult result = tinyzero::tinyzero(command);
  CAPTURE(result.err);
  CHECK(result.code == 0);
  for (const char* words : {"a prediction on paper: nothing of it was measured", "989 TFLOP/s",
                            "data sheet", "at 30 %", "of 80.0 GB"})
    CHECK(result.out.find(words) != std::string::npos);
  CHECK(result.out.find("\nmeasured\n") == std::string::npos);
}
