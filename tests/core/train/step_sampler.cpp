// The episodes of a step, and which problems of it are learned from.

#include "core/train/step_sampler.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "core/rollout/episodes.h"
#include "core/train/rollout_engine.h"
#include "support/small_run.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/step_sampler");

TEST_CASE(
    "logits that are no numbers are a bad start model, and a diverged run once it has learned") {
  const auto fails = []() -> int { fail_drawing(2, 0, 6); };
  CHECK_THROWS_WITH_AS(sample_policy(false, "step 1", fails),
                       "the model's logits are not finite (NaN or infinite) at token 7 of the "
                       "completion of prompt 3, sample 1",
                       NotFinite);
  try {
    sample_policy(true, "step 5", fails);
    FAIL("nothing was thrown");
  } catch (const Failure& e) {  // exit code 1
    CHECK(std::string(e.what()) ==
          "step 5: the model's logits are not finite (NaN or infinite) at token 7 of the "
          "completion of prompt 3, sample 1: the policy "
          "has diverged");
    CHECK(e.hint().find("a smaller train.learning_rate") != std::string::npos);
  }
  CHECK(sample_policy(true, "step 5", [] { return 3; }) == 3);
}

namespace {

// Completions of problems 0, 1, … with these rewards each; NaN: could not be judged.
SampledStep step_of(const std::vector<std::vector<double>>& rewards) {
  SampledStep step;
  for (std::size_t p = 0; p < rewards.size(); ++p) {
    step.items.emplace_back();
    for (const double reward : rewards[p]) {
      ScoredCompletion c;
      c.item = p;
      c.verdict.reward = reward == reward ? reward : 0;
      c.verdict.outcome = reward == reward ? Outcome::scored : Outcome::error;
      c.episode.tokens.assign(p + 1, 0);
      step.completions.push_back(c);
    }
  }
  return step;
}

std::vector<std::string> texts_of(const SampledStep& step) {
  std::vector<std::string> texts;
  for (const ScoredCompletion& c : step.completions) texts.push_back(c.text);
  return texts;
}

}  // namespace

TEST_CASE("a problem is mixed if two samples that were judged have different rewards") {
  const double none = std::nan("");
  CHECK(mixed_share(step_of({{1, 0}, {0, 0}, {1, 1}, {0.5, 1}})) == 0.5);
  CHECK(mixed_share(step_of({{1, none}, {0, none}})) == 0);
  CHECK(mixed_share(step_of({{none, none}, {1, 0}})) == 0.5);
}

TEST_CASE("tokens are counted over all completions") {
  CHECK(sampled_tokens(step_of({{1, 0}, {0, 0, 1}})) == 2 * 1 + 3 * 2);
  CHECK(sampled_tokens(step_of({})) == 0);
}

TEST_CASE("a step is a function of the weights, the experiment and its number") {
  const OpenedRun run = small_run({"warm_start.steps=0"});
  const auto engine = rollout_engine(run, [](const std::string&) {});
  const SampledStep first = sample_step(*engine, run, nullptr, 1);
  const SampledStep again = sample_step(*engine, run, nullptr, 1);
  const SampledStep second = sample_step(*engine, run, nullptr, 2);
  CHECK(first.items.size() == 8);
  CHECK(first.completions.size() == 32);
  CHECK(first.batch.sequences.size() == 32);
  CHECK(first.rounds == 1);
  CHECK(texts_of(first) == texts_of(again));
  CHECK(texts_of(first) != texts_of(second));
}

TEST_CASE("completions of a step have the tokens that its limit allows") {
  const OpenedRun run = small_run({"warm_start.steps=0", "rollout.max_tokens=24",
                                   "rollout.first_tokens=6", "rollout.growth_steps=2"},
                                  {});
  const auto engine = rollout_engine(run, [](const std::string&) {});
  const std::int64_t limits[] = {6, 12, 24};
  for (std::int64_t step = 1; step <= 3; ++step) {
    const SampledStep sampled = sample_step(*engine, run, nullptr, step);
    std::int64_t longest = 0;
    for (const ScoredCompletion& c : sampled.completions)
      longest = std::max<std::int64_t>(longest, std::ssize(c.episode.tokens));
    CHECK(longest == limits[step - 1]);  // a model that has not learned hardly ever ends
    CHECK(sampled.max_tokens == limits[step - 1]);
    CHECK(sampled.batch.batch.max_tokens == limits[step - 1]);
  }
}

TEST_CASE("rounds of sampling stop at their number, and completions belong to their own round") {
  const OpenedRun run = small_run({"warm_start.steps=0", "rollout.mixed_rounds=3"});
  const auto engine = rollout_engine(run, [](const std::string&) {});
  const SampledStep step = sample_step(*engine, run, nullptr, 1);
  // A model that has not learned is never right: no problem is mixed, so all rounds are used.
  CHECK(step.rounds == 3);
  CHECK(step.items.size() == 24);
  CHECK(step.completions.back().item == 23);
  CHECK(std::count(step.kept.begin(), step.kept.end(), true) == step.batch.batch.groups());
}

TEST_CASE("at most so many problems are kept, and with mixed rounds only those that teach") {
  const OpenedRun run = small_run({"warm_start.steps=0"}, {.weights = false});
  SampledStep step = step_of({{1, 0}, {0, 0}, {1, 0}, {0, 1}});
  for (ScoredCompletion& c : step.completions) c.episode.logp.assign(c.episode.tokens.size(), -1);
  step.prompts.assign(4, Prompt{.ids = {1, 2}, .samples = 2});
  const StepBatch batch = make_batch(step.prompts, step.completions, 24);
  RolloutSettings rollout = run.experiment.rollout;
  const Algorithm& algorithm = *run.algorithm.algorithm;
  using Kept = std::vector<bool>;
  CHECK(kept_of(algorithm, rollout, batch, 4) == Kept{true, true, true, true});
  CHECK(kept_of(algorithm, rollout, batch, 2) == Kept{true, true, false, false});
  rollout.mixed_rounds = 2;
  CHECK(kept_of(algorithm, rollout, batch, 4) == Kept{true, false, true, true});
  CHECK(kept_of(algorithm, rollout, batch, 2) == Kept{true, false, true, false});
}

TEST_CASE("a stop ends the sampling of a step") {
  const OpenedRun run = small_run({"warm_start.steps=0"});
  const auto engine = rollout_engine(run, [](const std::string&) {});
  const StopRequest stop = 1;
  CHECK_THROWS_AS(sample_step(*engine, run, nullptr, 1, &stop), Interrupted);
}
