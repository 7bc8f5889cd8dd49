// Runs with optimizer state and weights of fewer bytes: they go on bit for bit, their checkpoints
// are as small as promised and hold exactly what was trained, and what has no meaning is refused.

#include <doctest/doctest.h>

#include <csignal>
#include <cstring>

#include "core/model/folder.h"
#include "core/model/safetensors.h"
#include "support/process.h"
#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/memory");

namespace {

using Words = std::vector<std::string>;

// Large enough for matrices of more than 4,096 numbers; rewards are random, so that every step
// teaches.
Words settings(const Words& more) {
  Words all = {"model.width=64", "model.kv_heads=2", "model.mlp=128", "train.random_reward=0.5",
               "preflight.max_truncated=1"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

bool is_bf16(const fs::path& folder) {
  const ModelFolder model(folder);
  return model.dtypes().size() == 1 && model.dtypes().begin()->first == Dtype::bf16;
}

}  // namespace

TEST_CASE("a run with fewer bytes that was killed goes on as if nothing had happened") {
  const TemporaryFolder folder;
  const Words kinds[] = {
      {"train.optimizer_state=bf16", "algorithm.use=ppo"},
      {"train.optimizer_state=int8", "train.weights=bf16", "algorithm.use=prime"},
      {"train.optimizer_state=int8", "train.optimizer=muon"}};
  int number = 0;
  for (const Words& kind : kinds) {
    CAPTURE(kind.front());
    CAPTURE(kind.back());
    const fs::path whole = folder / ("whole-" + std::to_string(number)),
                   run = folder / ("killed-" + std::to_string(number));
    ++number;
    run_to_the_end(train(whole, settings(kind)));
    {
      BackgroundProcess process(command_line(train(run, settings(kind))));
      REQUIRE(wait_for(run / "checkpoints/step-000004"));
      process.signal(SIGKILL);
      process.wait();
    }
    run_to_the_end({"train", "--resume", run});
    check_same_run(whole, run);
    for (const auto& entry : fs::directory_iterator(whole / "checkpoints/step-000008/trainer")) {
      if (!entry.is_directory()) continue;
      for (const char* file : {"model.safetensors", "optimizer.safetensors"}) {
        const fs::path name =
            fs::path("checkpoints/step-000008/trainer") / entry.path().filename() / file;
        CHECK(fs::exists(whole / name) == fs::exists(run / name));
        if (fs::exists(whole / name)) CHECK(read_file(whole / name) == read_file(run / name));
      }
    }
  }
}

TEST_CASE("checkpoints are as small as promised, and hold exactly what was trained") {
  const TemporaryFolder folder;
  const auto run_with = [&](const char* name, const Words& more) {
    run_to_the_end(train(folder / name, settings(more)));
    return folder / name / "checkpoints/step-000008";
  };
  const fs::path f32 = run_with("f32", {"algorithm.kl=0.01"}),
                 bf16 = run_with("bf16", {"train.optimizer_state=bf16"}),
                 small = run_with("int8", {"train.optimizer_state=int8", "train.weights=bf16",
                                           "algorithm.kl=0.01"});
  const auto moments = [](const fs::path& checkpoint) {
    return SafetensorsFile(checkpoint / "trainer/optimizer.safetensors");
  };
  const auto size = static_cast<double>(moments(f32).tensors().at("first_moment").elements());
  CHECK(moments(f32).tensors().at("first_moment").dtype == "F32");
  CHECK(moments(bf16).tensors().at("second_moment").dtype == "BF16");
  CHECK(moments(small).tensors().at("first_moment").dtype == "U8");
  CHECK(static_cast<double>(moments(bf16).bytes()) == doctest::Approx(4 * size).epsilon(0.01));
  CHECK(static_cast<double>(moments(small).bytes()) < 2.2 * size);
  CHECK(static_cast<double>(moments(small).bytes()) > 2.0 * size);
  CHECK_FALSE(is_bf16(f32));
  CHECK_FALSE(is_bf16(bf16));
  CHECK(is_bf16(small));
  CHECK(is_bf16(small / "trainer/reference"));

  const std::string input = "{\"ids\": [53, 32, 55, 10, 100, 42]}\n";
  const ProcessResult scored = tinyzero::tinyzero({"model", "score", folder / "int8"}, input);
  CHECK(scored.code == 0);
  run_to_the_end(
      {"model", "export", folder / "int8", "--out", folder / "exported", "--dtype", "bf16"});
  CHECK(read_file(folder / "exported/model.safetensors") == read_file(small / "model.safetensors"));
  CHECK(tinyzero::tinyzero({"model", "score", folder / "exported"}, input).out == scored.out);
  run_to_the_end({"replay", folder / "int8", "--step", "5", "--json"});
}

TEST_CASE("a plan counts what optimizer state of fewer bytes saves") {
  const auto bytes = [](const Words& more) {
    Words command = {"plan", kConfig, "--json", "algorithm.use=ppo"};
    for (const std::string& word : settings(more)) command.push_back(word);
    const ProcessResult result = tinyzero::tinyzero(command);
    CAPTURE(result.err);
    REQUIRE(result.code == 0);
    return Json::parse(result.out)["bytes"];
  };
  const Json f32 = bytes({}), bf16 = bytes({"train.optimizer_state=bf16"}),
             int8 = bytes({"train.optimizer_state=int8"});
  const double all = f32["optimizer"];
  CHECK(bf16["optimizer"].get<double>() == all / 2);
  CHECK(int8["optimizer"].get<double>() ==
        doctest::Approx(all * (2 + 8.0 / 256) / 8).epsilon(0.02));  // small tensors stay f32
  CHECK(f32["auxiliary_models"].get<double>() - bf16["auxiliary_models"].get<double>() ==
        doctest::Approx(all / 2).epsilon(2e-3));  // and the critic's head
}

TEST_CASE("types that are not there are refused with their place") {
  const TemporaryFolder folder;
  const std::pair<const char*, const char*> cases[] = {
      {"train.optimizer_state=int4", "train.optimizer_state"},
      {"train.weights=f16", "train.weights"}};
  for (const auto& [setting, word] : cases) {
    const ProcessResult result = tinyzero::tinyzero(train(folder / "run", {setting}));
    CHECK(result.code == 2);
    CHECK(result.err.find(word) != std::string::npos);
    CHECK_FALSE(fs::exists(folder / "run"));
  }
}
