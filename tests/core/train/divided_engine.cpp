// Sampling that ranks divide: the episodes of one process on every rank.

#include "core/train/divided_engine.h"

#include <doctest/doctest.h>

#include "core/rollout/cpu/engine.h"
#include "support/rollout.h"
#include "support/thread_ranks.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/divided_engine");

TEST_CASE("every rank gets all episodes, with the tokens of one process") {
  const Model model = small_decoder();
  std::vector<Prompt> prompts;
  for (std::int32_t p = 0; p < 5; ++p) prompts.push_back({.ids = {p, 7}, .samples = 3});
  CpuEngine whole(model, {});
  const std::vector<Episode> expected = whole.generate(prompts, some_sampling());
  for (const std::int64_t size : {2, 4, 7}) {
    on_ranks(size, [&](Ranks& ranks) {
      const auto engine =
          divided_engine(std::make_unique<CpuEngine>(model, CpuEngineOptions{}), ranks);
      const std::vector<Episode> episodes = engine->generate(prompts, some_sampling());
      REQUIRE(episodes.size() == expected.size());
      for (std::size_t i = 0; i < episodes.size(); ++i) {
        CHECK(episodes[i].prompt == expected[i].prompt);
        CHECK(episodes[i].sample == expected[i].sample);
        CHECK(episodes[i].tokens == expected[i].tokens);
        CHECK(episodes[i].logp == expected[i].logp);
        CHECK(episodes[i].end == expected[i].end);
      }
    });
  }
}

TEST_CASE("one process keeps its engine") {
  const Model model = small_decoder();
  auto engine = std::make_unique<CpuEngine>(model, CpuEngineOptions{});
  const Engine* const address = engine.get();
  CHECK(divided_engine(std::move(engine), one_process()).get() == address);
}
