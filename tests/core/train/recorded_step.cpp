// The completions of a step in a checkpoint.

#include "core/train/recorded_step.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/train/records.h"
#include "core/train/rollout_engine.h"
#include "core/train/step_sampler.h"
#include "support/small_run.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/recorded_step");

namespace {

SampledStep sampled_step(const OpenedRun& run, std::int64_t step) {
  const auto engine = rollout_engine(run, [](const std::string&) {});
  return sample_step(*engine, run, nullptr, step);
}

}  // namespace

TEST_CASE("a step that was recorded repeats in all rounds, log-probs and times included") {
  const TemporaryFolder folder;
  const OpenedRun run =
      small_run({"warm_start.steps=0", "rollout.mixed_rounds=2", "train.random_reward=0.3"});
  const SampledStep sampled = sampled_step(run, 3);
  write_tensors(folder / "x.safetensors", RecordedStep(sampled).tensors());
  const SafetensorsFile file(folder / "x.safetensors");
  const SampledStep again = RecordedStep(file).repeat(run, 3);
  CHECK(episode_lines(3, again, run.task) == episode_lines(3, sampled, run.task));
  CHECK(again.rounds == 2);
  CHECK(again.kept == sampled.kept);
  CHECK(again.batch.batch.logp_old.equal(sampled.batch.batch.logp_old));
  CHECK(again.batch.batch.reward.equal(sampled.batch.batch.reward));
  CHECK(again.rollout_seconds == sampled.rollout_seconds);
  CHECK(again.score_seconds == sampled.score_seconds);
  CHECK(again.slot_use == doctest::Approx(sampled.slot_use));
}

TEST_CASE("a run that asks for another number of completions is refused") {
  const OpenedRun run = small_run({"warm_start.steps=0"});
  const RecordedStep recorded(sampled_step(run, 1));
  for (const char* other : {"rollout.prompts=4", "rollout.prompts=16"}) {
    CAPTURE(other);
    CHECK_THROWS_WITH_AS(recorded.repeat(small_run({"warm_start.steps=0", other}), 1),
                         "the checkpoint holds 32 completions of the next step, and the run's "
                         "settings ask for another number",
                         Error);
  }
}

TEST_CASE("tensors that do not fit each other are refused") {
  const TemporaryFolder folder;
  const OpenedRun run = small_run({"warm_start.steps=0"});
  const RecordedStep recorded(sampled_step(run, 1));
  const fs::path path = folder / "x.safetensors";
  const auto said = [&](const std::map<std::string, TensorInfo>& tensors) {
    write_tensors(path, tensors);
    const SafetensorsFile file(path);
    try {
      RecordedStep damaged(file);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(said(recorded.tensors()).empty());
  for (const char* name : {"lengths", "ended", "tokens", "logp", "statistics"}) {
    CAPTURE(name);
    auto tensors = recorded.tensors();
    tensors.erase(name);
    CHECK(said(tensors) == path.string() + " is damaged: its tensors do not fit each other");
  }
  auto tensors = recorded.tensors();
  tensors["tokens"].dtype = "F32";
  CHECK(said(tensors) == path.string() + " is damaged: tensor \"tokens\" is of type F32, not I32");
}
