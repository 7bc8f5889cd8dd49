// The host's half of decoding on a device: which completion takes which slot, and what becomes of
// the device's tokens.

#include "core/rollout/cuda/schedule.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/rollout/not_finite.h"
#include "core/rollout/sampler.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/cuda/schedule");

namespace {

const std::vector<Prompt> kPrompts = {{.ids = {1, 2, 3}, .samples = 2}, {.ids = {4}, .samples = 2}};
const Sampling kSampling{.max_tokens = 3, .eos = {9}, .seed = 5};

// Gives each row one token, as a device would in one pass; an end token or the limit ends it.
void step(Schedule& schedule, std::vector<DeviceRow> rows, std::int32_t token, float logp = -1) {
  std::vector<Drawn> drawn;
  for (DeviceRow& row : rows) {
    ++row.drawn;
    row.fresh = 1;
    row.alive = token == 9 || row.drawn == row.limit ? 0 : 1;
    drawn.push_back({.id = token, .logp = logp});
  }
  schedule.take(rows, drawn, 1);
}

}  // namespace

TEST_CASE("slots are filled in order, and a prompt's tokens but the last are computed once") {
  const GenerateHooks none;
  Schedule schedule({kPrompts, kSampling, none}, 3, 2);
  const auto wanted = schedule.refill();
  REQUIRE(wanted.size() == 2);  // tokens 1 and 2; the second prompt has only its last
  CHECK(wanted[0].token == 1);
  CHECK(wanted[1].token == 2);
  CHECK(wanted[1].position == 1);
  CHECK(wanted[1].slot == -1);
  const auto rows = schedule.rows();
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].token == 3);
  CHECK(rows[0].shared == 2);
  CHECK(rows[2].token == 4);
  CHECK(rows[2].shared == 0);
  CHECK(rows[1].stream == sample_stream(kSampling, kPrompts[0], 0, 1));
  const auto groups = schedule.groups();
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].count == 2);
  CHECK(groups[1].first == 2);
  CHECK(schedule.most_left() == 3);
}

TEST_CASE("a free slot takes the next sample, and episodes end in their order") {
  std::vector<std::int64_t> told;
  const GenerateHooks hooks{.on_episode = [&](const Episode& e) { told.push_back(e.prompt); }};
  Schedule schedule({kPrompts, kSampling, hooks}, 3, 2);
  schedule.refill();
  step(schedule, schedule.rows(), 7);
  schedule.refill();
  CHECK(schedule.rows().size() == 3);  // nothing has ended
  step(schedule, schedule.rows(), 9);  // all three end
  schedule.refill();
  const auto last = schedule.rows();
  REQUIRE(last.size() == 1);
  CHECK(last[0].token == 4);
  for (int i = 0; i < 3; ++i) step(schedule, schedule.rows(), 8);
  schedule.refill();
  CHECK(schedule.rows().empty());
  const auto episodes = schedule.episodes();
  REQUIRE(episodes.size() == 4);
  for (int i = 0; i < 3; ++i) {
    CHECK(episodes[i].tokens == std::vector<std::int32_t>{7, 9});
    CHECK(episodes[i].end == End::eos);
  }
  CHECK(episodes[3].tokens == std::vector<std::int32_t>{8, 8, 8});
  CHECK(episodes[3].end == End::length);
  CHECK(episodes[3].prompt == 1);
  CHECK(episodes[3].sample == 1);
  CHECK(told == std::vector<std::int64_t>{0, 0, 1, 1});
}

TEST_CASE("a prompt waits for a place of its own") {
  const GenerateHooks none;
  Schedule schedule({kPrompts, kSampling, none}, 4, 1);
  schedule.refill();
  CHECK(schedule.rows().size() == 2);
  step(schedule, schedule.rows(), 9);
  schedule.refill();
  CHECK(schedule.rows().size() == 2);
  CHECK(schedule.rows()[0].token == 4);
}

TEST_CASE("fixed lengths are the limits of the rows, and end tokens do not count") {
  std::vector<Prompt> prompts = kPrompts;
  prompts[0].lengths = {1, 2};
  prompts[1].lengths = {3, 1};
  const GenerateHooks none;
  Schedule schedule({prompts, kSampling, none}, 4, 2);
  schedule.refill();
  auto rows = schedule.rows();
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].limit == 1);
  CHECK(rows[1].limit == 2);
  CHECK(rows[2].limit == 3);
  std::vector<Drawn> drawn;
  for (DeviceRow& row : rows) {
    row.alive = 0;
    row.fresh = 1;
    drawn.push_back({.id = 9, .logp = 0});
  }
  schedule.take(rows, drawn, 1);
  CHECK(schedule.episodes().front().end == End::length);
}

TEST_CASE("a token without a log-probability is reported with its place") {
  const GenerateHooks none;
  Schedule schedule({kPrompts, kSampling, none}, 3, 2);
  schedule.refill();
  step(schedule, schedule.rows(), 7);
  CHECK_THROWS_WITH_AS(step(schedule, schedule.rows(), 7, NAN),
                       doctest::Contains("at token 2 of the completion of prompt 1, sample 1"),
                       NotFinite);
}
