// The numbers of a step's record, computed by hand from four completions.

#include "core/train/records.h"

#include <doctest/doctest.h>

#include "core/eval/evaluate.h"
#include "core/learn/learner.h"
#include "core/rollout/engine.h"
#include "core/rollout/episodes.h"
#include "core/run/metrics.h"
#include "core/train/step_sampler.h"
#include "support/task.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/records");

namespace {

// Two problems with two samples each: rewards 1 and 0, then 0 and one that could not be judged.
SampledStep sampled_step(const Task& task) {
  SampledStep step;
  step.items = draw_first(task, 1, 2);
  step.kept = {true, false};
  const struct {
    double reward;
    Outcome outcome;
    End end;
    std::size_t tokens;
  } completions[] = {{1, Outcome::scored, End::eos, 4},
                     {0, Outcome::scored, End::length, 8},
                     {0, Outcome::scored, End::eos, 5},
                     {0, Outcome::error, End::eos, 3}};
  for (std::size_t i = 0; i < 4; ++i) {
    ScoredCompletion c;
    c.item = i / 2;
    c.text = "text " + std::to_string(i);
    c.verdict.reward = completions[i].reward;
    c.verdict.outcome = completions[i].outcome;
    c.right = completions[i].reward == 1;
    c.episode.sample = i % 2;
    c.episode.end = completions[i].end;
    c.episode.tokens.assign(completions[i].tokens, 1);
    step.completions.push_back(c);
  }
  step.rollout_seconds = 2;
  step.score_seconds = 1;
  step.slot_use = 0.75;
  return step;
}

Json record_of(const SampledStep& sampled, const Task& task, const LearnReport& learned) {
  return step_record({.step = 7,
                      .seconds = 12.5,
                      .sampled = sampled,
                      .task = task,
                      .learned = learned,
                      .update_seconds = 1,
                      .spent = {.tokens = 100, .seconds = 9}});
}

}  // namespace

TEST_CASE(
    "a step's record counts all completions, and leaves out of the reward what nobody judged") {
  const Task task = open_countdown();
  const SampledStep sampled = sampled_step(task);
  LearnReport learned;
  learned.metrics.add("loss", 3, 2);
  learned.metrics.add("clipped", 1, 4);
  learned.learning_rate = 0.01;
  learned.trained = 12;
  learned.read = 5;
  const Json record = record_of(sampled, task, learned);
  CHECK(record["step"] == 7);
  CHECK(record["seconds"] == 12.5);
  CHECK(record["train/reward"] == doctest::Approx(1.0 / 3));
  CHECK(record["train/accuracy"] == 0.25);
  CHECK(record["train/length"] == 5);
  CHECK(record["train/truncated"] == 0.25);
  CHECK(record["train/failed"] == 0.25);
  CHECK(record["train/mixed_groups"] == 0.5);
  CHECK(record["train/sampled"] == 2);
  CHECK(record["train/kept"] == 1);
  CHECK(record["train/loss"] == 1.5);
  CHECK(record["train/clipped"] == 0.25);
  CHECK(record["train/kl"] == 0);
  CHECK(record["train/learning_rate"] == 0.01);
  CHECK(record["tokens/sampled"] == 20);
  CHECK(record["tokens/trained"] == 12);
  CHECK(record["tokens/read"] == 5);
  CHECK(record["tokens/spent"] == 100);
  CHECK(record["time/spent"] == 9);
  CHECK(record["speed/tokens"] == 5);
  CHECK(record["speed/rollout_tokens"] == 10);
  CHECK(record["speed/slot_use"] == 0.75);
  double reasons = 0;
  for (const auto& [name, value] : record.items()) {
    if (name.starts_with("train/reasons/")) reasons += value.get<double>();
  }
  CHECK(reasons == doctest::Approx(1));
}

TEST_CASE("every name of a record is in the table of metrics, but for the algorithm's own") {
  const Task task = open_countdown();
  LearnReport learned;
  learned.metrics.add("clipped", 1, 4);
  const Json record = record_of(sampled_step(task), task, learned);
  for (const auto& [name, value] : record.items()) {
    CAPTURE(name);
    const bool is_known = find_metric(name) != nullptr;
    CHECK((is_known || name == "step" || name == "seconds" || name == "train/clipped"));
  }
}

TEST_CASE("an evaluation's record has its interval, pass@k, difficulties and reasons") {
  EvalReport report;
  report.right = 3;
  report.judged = 4;
  report.total = 4;
  report.accuracy_interval = {0.3, 0.9};
  report.greedy = 0.5;
  report.pass_at = {0.75, 0.8, 0.9};
  report.by_difficulty[2] = {1, 2};
  report.by_source["sums/level_1"] = {3, 4};
  report.reasons["wrong value"] = 1;
  const Json record = eval_record(20, 1.5, report);
  CHECK(record["step"] == 20);
  CHECK(record["eval/accuracy"] == 0.75);
  CHECK(record["eval/accuracy_low"] == 0.3);
  CHECK(record["eval/accuracy_high"] == 0.9);
  CHECK_FALSE(record.contains("eval/pass_at_1"));
  CHECK(record["eval/pass_at_2"] == 0.8);
  CHECK(record["eval/pass_at_4"] == 0.9);
  CHECK(record["eval/difficulty_2"] == 0.5);
  CHECK(record["eval/accuracy/sums/level_1"] == 0.75);
  CHECK(record["eval/reasons/wrong_value"] == 0.25);
  for (const auto& [name, value] : record.items()) {
    CAPTURE(name);
    CHECK((find_metric(name) != nullptr || name == "step" || name == "seconds"));
  }
}

TEST_CASE("an episode has its problem, verdict and end, a line each") {
  const Task task = open_countdown();
  const SampledStep sampled = sampled_step(task);
  const Json record = episode_record(7, sampled, 1, task);
  CHECK(record["step"] == 7);
  CHECK(record["problem"] == 0);
  CHECK(record["sample"] == 1);
  CHECK(record["completion"] == "text 1");
  CHECK(record["end"] == "length");
  CHECK(record["tokens"] == 8);
  CHECK(record["kept"] == true);
  CHECK(record["outcome"] == "scored");
  CHECK_FALSE(record.contains("source"));
  CHECK(record["key"] == sampled.items[0].key);
  CHECK(record["parts"].size() == task.about().components.size());
  const std::string lines = episode_lines(7, sampled, task);
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 4);
  CHECK(lines.starts_with(json_line(episode_record(7, sampled, 0, task)) + "\n"));
}
