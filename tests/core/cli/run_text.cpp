// Lines about a run, at every width.

#include "core/cli/run_text.h"

#include <doctest/doctest.h>

#include "core/cli/terminal.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/run_text");

namespace {

const Json kStep = {{"step", 34},          {"train/reward", 0.143}, {"train/mixed_groups", 0.44},
                    {"train/kl", 0.011},   {"train/entropy", 0.42}, {"train/length", 61},
                    {"time/rollout", 0.4}, {"time/update", 0.5},    {"speed/tokens", 21300}};

}  // namespace

TEST_CASE("the live line fits any width, and says what matters most where it is narrow") {
  for (std::size_t columns = 1; columns < 200; ++columns) {
    CAPTURE(columns);
    CHECK(text_columns(live_text(kStep, 200, 160, columns)) <= columns);
    CHECK(text_columns(live_text({{"warm_start/step", 3}, {"warm_start/loss", 0.34}}, 600, -1,
                                 columns)) <= columns);
  }
  CHECK(live_text(kStep, 200, 160, 30) == "step    34 17 % · 2m40s left");
  CHECK(live_text(kStep, 200, 160, 40) == "step    34 ━━╌╌╌╌╌╌╌╌╌ 17 % · 2m40s left");
  CHECK(live_text(kStep, 200, 160, 80) ==
        "step    34 ━━╌╌╌╌╌╌ 17 %  reward 0.143 · mixed 44 % · rollout 0.4 s · 2m40s left");
  CHECK(live_text(kStep, 200, 160, 199) ==
        "step    34 ━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 17 %  reward 0.143 · mixed 44 % · rollout 0.4 s "
        "· update 0.5 s · 61 tokens · 2m40s left");
}

TEST_CASE("a step of several processes says what their exchanges took") {
  const Json step = {{"step", 1}, {"ranks/wait", 0.2}, {"ranks/exchange", 0.5}};
  CHECK(step_text(step).ends_with(" · ranks 0.7 s"));
}

TEST_CASE("a step says at which levels of a curriculum it is") {
  Json step = kStep;
  step["curriculum/level"] = 2;
  CHECK(step_text(step).starts_with("step    34  reward 0.143 · level 2 · mixed 44 %"));
  CHECK(live_text(step, 200, 160, 199).find(" · level 2 · ") != std::string::npos);
  step.erase("curriculum/level");
  step["curriculum/level/products"] = 3;
  step["curriculum/level/sums"] = 1;
  CHECK(step_text(step).starts_with(
      "step    34  reward 0.143 · products level 3, sums level 1 · mixed 44 %"));
}

TEST_CASE("an evaluation, with what the step before it says") {
  const Json record = {{"step", 20},
                       {"eval/accuracy", 0.094},
                       {"eval/accuracy_low", 0.072},
                       {"eval/accuracy_high", 0.122},
                       {"eval/greedy", 0.08},
                       {"eval/length", 61}};
  CHECK(evaluation_text(record, nullptr) ==
        "step    20  held-out   9.4 % [7.2, 12.2] · greedy   8.0 % · 61 tokens");
  CHECK(evaluation_text(record, kStep) ==
        "step    20  held-out   9.4 % [7.2, 12.2] · greedy   8.0 % · kl 0.011 · entropy 0.42 · 61 "
        "tokens · 21k tok/s");
}

TEST_CASE("an answer stands between its problem and its verdict, which always fits") {
  CHECK(sample_text("3 7 9 -> 20", "9-7=2,3*2=6? no", "wrong value", 60) ==
        "            3 7 9 -> 20    9-7=2,3*2=6? no       wrong value");
  const std::string answer(300, 'x');
  for (std::size_t columns = 20; columns < 200; ++columns) {
    const std::string line = sample_text("3 7 9 -> 20", answer, "wrong value", columns);
    CAPTURE(columns);
    CHECK(text_columns(line) == columns);
    CHECK(line.ends_with("  wrong value"));
  }
}
