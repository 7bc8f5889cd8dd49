// The engine of a run, by its device.

#include "core/train/rollout_engine.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/model/parameters.h"
#include "core/rollout/cuda/device.h"
#include "core/rollout/episodes.h"
#include "support/small_run.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/rollout_engine");

TEST_CASE("the engine of the CPU samples from the run's model") {
  const OpenedRun run = small_run();
  bool is_noted = false;
  const auto engine = rollout_engine(run, [&](const std::string&) { is_noted = true; });
  const auto prompts = make_prompts(run.tokenizer, run.framing, run.held_out.items, 1);
  const Sampling sampling{.max_tokens = 5, .temperature = 0};
  const auto episodes = engine->generate({prompts[0]}, sampling);
  REQUIRE(episodes.size() == 1);
  CHECK(episodes[0].tokens.size() == 5);
  CHECK_FALSE(is_noted);
}

TEST_CASE("with rollout.ahead, weights that change do so for the engine at refresh() alone") {
  for (const std::int64_t ahead : {0, 1}) {
    CAPTURE(ahead);
    OpenedRun run = small_run();
    run.experiment.rollout.ahead = ahead;
    const auto engine = rollout_engine(run, [](const std::string&) {});
    const auto prompts = make_prompts(run.tokenizer, run.framing, run.held_out.items, 1);
    const auto logp = [&] {
      return engine->generate({prompts[0]}, {.max_tokens = 9, .temperature = 0}).front().logp;
    };
    const auto before = logp();
    initialize(run.model, 99);
    if (ahead == 1) CHECK(logp() == before);
    engine->refresh();
    CHECK(logp() != before);
  }
}

TEST_CASE("a device that is not there is refused, naming the setting that asks for it") {
  CHECK_NOTHROW(check_devices(small_experiment()));
  if (has_cuda_device()) return;
  CHECK_THROWS_WITH_AS(check_devices(small_experiment({"rollout.device=cuda"})),
                       doctest::Contains("rollout.device is cuda, and there is none"), Error);
  CHECK_THROWS_WITH_AS(check_devices(small_experiment({"train.device=cuda"})),
                       doctest::Contains("train.device is cuda, and there is none"), Error);
}
