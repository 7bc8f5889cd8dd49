// Demonstrations in the place of a policy's completions.

#include "core/train/imitation.h"

#include <doctest/doctest.h>

#include <set>

#include "core/rollout/episodes.h"
#include "core/task/mixture.h"
#include "core/train/curriculum.h"
#include "core/train/rollout_engine.h"
#include "core/train/step_sampler.h"
#include "support/small_run.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/imitation");

namespace {

SampledStep step_of(const OpenedRun& run, std::int64_t step) {
  const auto engine = rollout_engine(run, [](const std::string&) {});
  return sample_step(*engine, run, nullptr, step);
}

}  // namespace

TEST_CASE("a step that imitates has demonstrations with the policy's log-probs") {
  const OpenedRun run =
      small_run({"train.imitate=true", "algorithm={use: raft, keep: all}", "rollout.max_tokens=64",
                 "rollout.first_tokens=16", "rollout.growth_steps=8", "task.demo_attempts=[2,4]"});
  const SampledStep step = step_of(run, 1), again = step_of(run, 1), later = step_of(run, 2);
  CHECK(step.max_tokens == 64);  // demonstrations are not shortened
  REQUIRE(step.completions.size() == 32);
  std::set<std::string> texts;
  for (std::size_t i = 0; i < step.completions.size(); ++i) {
    const ScoredCompletion& c = step.completions[i];
    CHECK(c.text.find("<answer>") != std::string::npos);
    CHECK(c.episode.end == End::eos);
    CHECK(c.text == again.completions[i].text);
    REQUIRE(c.episode.logp.size() == c.episode.tokens.size());
    std::vector<std::int32_t> ids = step.prompts[c.item].ids;
    ids.insert(ids.end(), c.episode.tokens.begin(), c.episode.tokens.end());
    const auto engine = rollout_engine(run, [](const std::string&) {});
    const auto logp = engine->score({ids}, 1.0).front();
    CHECK(c.episode.logp.front() == logp[step.prompts[c.item].ids.size() - 1]);
    CHECK(c.episode.logp.back() == logp.back());
    texts.insert(c.text);
  }
  CHECK(texts.size() > 20);  // samples of a problem differ
  CHECK(later.completions[0].text != step.completions[0].text);
}

TEST_CASE("the demonstrations' own task is imitated, and judges them") {
  const OpenedRun run =
      small_run({"train.imitate=true", "algorithm={use: raft, keep: all}", "rollout.max_tokens=64",
                 "demonstrations.use=countdown",
                 "demonstrations.levels=[{largest: 5}, {largest: 9}]", "demonstrations.numbers=2"});
  const SampledStep step = step_of(run, 1);
  std::set<std::string> sources;
  for (const Item& item : step.items) sources.insert(source_of(run.stepped(), item.state));
  CHECK(sources == std::set<std::string>{"level_1", "level_2"});
}

TEST_CASE("demonstrations come from all levels of their task, and are no matter of the run's own") {
  const OpenedRun run = small_run(
      {"train.imitate=true", "algorithm={use: raft, keep: all}", "rollout.max_tokens=64",
       "task={use: mix, tasks: {one: {use: countdown, numbers: 2}, two: {use: multiplication}}}",
       "demonstrations={use: mix, tasks: {a: {use: countdown, numbers: 2}, b: {use: "
       "multiplication}, c: {use: arithmetic, levels: [{depth: 1}, {depth: 2}]}}}"});
  const auto engine = rollout_engine(run, [](const std::string&) {});
  Curriculum curriculum(run.experiment.curriculum, run.task);
  const SampledStep step = sample_step(*engine, run, curriculum.stage(), 1);
  CHECK(step.completions.size() == 32);
  CHECK(step.levels.empty());
  CHECK(curriculum.observe(step.items, step.completions).empty());
}
