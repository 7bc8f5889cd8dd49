#include "core/train/alarms.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/alarms");

namespace {

Json record_of(double entropy, double length, double truncated, double mixed) {
  return {{"train/entropy", entropy},     {"train/length", length},
          {"train/truncated", truncated}, {"train/mixed_groups", mixed},
          {"train/gradient_norm", 0.5},   {"train/accuracy", 0.9},
          {"train/logp_gap", 0.0}};
}

}  // namespace

TEST_CASE("each alarm is raised once, says what to do, and comes back only after it has cleared") {
  const Json calm = record_of(1.0, 50, 0.1, 0.5);
  const std::pair<Json, const char*> alarming[] = {
      {record_of(0.05, 50, 0.1, 0.5),
       "entropy collapsed: 0.050 nats per token, 1.000 at the first step"},
      {record_of(1.0, 150, 0.1, 0.5),
       "completions grew to 150 tokens from 50 at the first step, and accuracy went from 90 to 90 "
       "%: look at"},
      {record_of(1.0, 50, 0.7, 0.5), "70 % of the completions are cut at rollout.max_tokens"},
      {record_of(1.0, 50, 0.1, 0.01),
       "99 % of the problems have samples that all earn the same and teach nothing under a group "
       "baseline, at an "
       "accuracy of 90 %: take harder problems"},
  };
  for (const auto& [record, words] : alarming) {
    CAPTURE(words);
    Alarms alarms;
    CHECK(alarms.heard(calm).empty());
    const auto heard = alarms.heard(record);
    REQUIRE(heard.size() == 1);
    CHECK(heard[0].find(words) == 0);
    CHECK(alarms.heard(record).empty());
    CHECK(alarms.heard(calm).empty());
    CHECK(alarms.heard(record).size() == 1);
    // A resumed run compares with the same first step.
    CHECK(Alarms(alarms.first_steps()).heard(record).size() == 1);
  }
}

TEST_CASE("longer completions that earn more, and cuts while the limit grows, are no alarm") {
  Json first = record_of(1.0, 50, 0.1, 0.5);
  first["train/accuracy"] = 0.1;
  Json better = record_of(1.0, 150, 0.1, 0.5);
  better["train/accuracy"] = 0.3;
  Alarms alarms;
  CHECK(alarms.heard(first).empty());
  CHECK(alarms.heard(better).empty());
  Json longer = record_of(1.0, 150, 0.1, 0.5);
  longer["train/accuracy"] = 0.1;
  longer["train/max_tokens"] = 200;
  first["train/max_tokens"] = 60;
  Alarms with_limit;
  CHECK(with_limit.heard(first).empty());
  CHECK(with_limit.heard(longer).empty());
  const Json cut = record_of(1.0, 50, 0.7, 0.5);
  CHECK(alarms.heard(cut, {.limit_grows = true}).empty());
  CHECK(alarms.heard(cut).size() == 1);
}

namespace {

// What is said at step 20 of a run whose accuracy goes from `early` to `late` in a line, with a
// scatter of one point to both sides, and with these numbers.
std::string at_step_20(double early, double late, const Json& others = Json::object()) {
  Alarms alarms;
  for (std::int64_t step = 1; step <= 25; ++step) {
    Json record = record_of(1.0, 50, 0.1, 0.4);
    record["step"] = step;
    record["train/accuracy"] = early + (late - early) * static_cast<double>(step - 1) / 19 +
                               (step % 2 == 0 ? 0.01 : -0.01);
    if (step > 1) record.update(others);
    const auto heard = alarms.heard(record);
    // As a resumed run: nothing but these numbers is carried on.
    alarms = Alarms(alarms.first_steps());
    for (const std::string& text : heard) {
      if (text.find("does not learn") == std::string::npos) continue;
      CHECK(step == 20);
      return text;
    }
  }
  return "";
}

}  // namespace

TEST_CASE("a run without a rise that stands out says so at step 20, with the likeliest cause") {
  CHECK(at_step_20(0.1, 0.3).empty());
  CHECK(at_step_20(0.1, 0.13).empty());
  CHECK(at_step_20(0.97, 0.97).empty());  // nothing to learn
  // The scatter alone has a slope of 0.015 points a step: (10 - 9.5) · 2 · 10 / 665 of a point.
  CHECK(at_step_20(0.1, 0.1).find(
            "over 20 steps 10.0 % of the completions were right, with a rise of 0.02 ± 0.04 points "
            "a step: nothing that stands out from noise. If this run does not learn, the likeliest "
            "cause: the updates are mostly noise") == 0);
  CHECK(at_step_20(0.3, 0.1).find("does not learn") != std::string::npos);
  const std::pair<Json, const char*> causes[] = {
      {{{"train/mixed_groups", 0.06}}, "only 6 % of the problems have samples that earn different"},
      {{{"train/truncated", 0.4}}, "40 % of the completions are cut: raise rollout.max_tokens"},
      {{{"train/entropy", 0.4}}, "entropy fell from 1.000 to 0.400 nats per token"},
      {{{"train/entropy", 2.0}}, "entropy rose from 1.000 to 2.000 nats per token"}};
  for (const auto& [numbers, words] : causes) {
    CAPTURE(words);
    CHECK(at_step_20(0.1, 0.1, numbers).find(words) != std::string::npos);
  }
  // With levels accuracy is not that of one kind of problem.
  CHECK(at_step_20(0.5, 0.5, {{"curriculum/level", 2}}).empty());
}

TEST_CASE("nothing at all, and accuracy that is not the policy's, at step 20") {
  Alarms alarms, others;
  for (std::int64_t step = 1; step <= 20; ++step) {
    Json record = record_of(1.0, 50, 0.1, 0.5);
    record["step"] = step;
    record["train/accuracy"] = 0.0;
    CHECK(alarms.heard(record).size() == (step == 20 ? 1 : 0));
    CHECK(others.heard(record, {.judges_learning = false}).empty());
  }
}

TEST_CASE("the alarm names five of six runs that stand still, and one of six that clearly rise") {
  constexpr int kRuns = 3000;
  const double error = 0.03 / std::sqrt(665.0);  // of the slope, at this scatter
  const auto share_named = [&](double slope) {
    Rng rng(1);
    int named = 0;
    for (int run = 0; run < kRuns; ++run) {
      Alarms alarms;
      for (std::int64_t step = 1; step <= 20; ++step) {
        double noise = -6;
        for (int i = 0; i < 12; ++i) noise += rng.uniform();  // nearly normal, of variance 1
        Json record = record_of(1.0, 50, 0.1, 0.5);
        record["step"] = step;
        record["train/accuracy"] = 0.3 + slope * static_cast<double>(step) + 0.03 * noise;
        named += alarms.heard(record).empty() ? 0 : 1;
      }
    }
    return static_cast<double>(named) / kRuns;
  };
  CHECK(share_named(0) == doctest::Approx(0.835).epsilon(0.03));
  CHECK(share_named(2 * error) == doctest::Approx(0.17).epsilon(0.2));
}
