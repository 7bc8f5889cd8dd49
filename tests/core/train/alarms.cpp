#include "core/train/alarms.h"

#include <doctest/doctest.h>

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
    CHECK(Alarms(alarms.first_step()).heard(record).size() == 1);
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
  CHECK(alarms.heard(cut, /*limit_grows=*/true).empty());
  CHECK(alarms.heard(cut).size() == 1);
}
