// Verdicts before and after, in pairs.

#include "core/cli/paired_verdicts.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/paired_verdicts");

namespace {

const RecordedVerdict kRight{"scored", "correct", 1, true};
const RecordedVerdict kWrong{"scored", "wrong value", 0.1, false};
const RecordedVerdict kNone{"unparsable", "no answer", 0, false};

PairedVerdicts example(std::int64_t examples) {
  PairedVerdicts out(examples);
  for (int i = 0; i < 5; ++i) out.add(kRight, kRight, {{"completion", "same"}});
  for (int i = 0; i < 3; ++i) out.add(kNone, kRight, {{"completion", "gained"}, {"sample", i}});
  out.add(kRight, kWrong, {{"completion", "lost"}});
  out.add(kWrong, kWrong, {{"completion", "wrong"}});
  return out;
}

}  // namespace

TEST_CASE("completions are counted by their reasons before and after, changes first") {
  const Json json = example(10).json();
  CHECK(json["completions"] == 10);
  CHECK(json["changed"] == 4);
  CHECK(json["became_right"] == 3);
  CHECK(json["no_longer_right"] == 1);
  CHECK(json["before"]["right"] == 0.6);
  CHECK(json["after"]["right"] == 0.8);
  CHECK(json["before"]["reward"].get<double>() == doctest::Approx(0.61));
  CHECK(json["after"]["reward"].get<double>() == doctest::Approx(0.82));
  REQUIRE(json["verdicts"].size() == 4);
  CHECK(json["verdicts"][0]["before"] == "no answer");
  CHECK(json["verdicts"][0]["after"] == "correct");
  CHECK(json["verdicts"][0]["count"] == 3);
  CHECK(json["verdicts"][0]["reward_after"] == 1);
  CHECK(json["verdicts"][2]["before"] == "correct");
  CHECK(json["verdicts"][2]["after"] == "correct");
}

TEST_CASE("examples are the first changed completions of each kind") {
  const Json examples = example(10).json()["examples"];
  REQUIRE(examples.size() == 3);  // two that were gained, one that was lost
  CHECK(examples[1]["record"]["sample"] == 1);
  CHECK(examples[2]["record"]["completion"] == "lost");
  CHECK(examples[2]["after"]["reason"] == "wrong value");
  CHECK(example(1).json()["examples"].size() == 1);
}

TEST_CASE("the table says what changed, and shows it") {
  const std::string text = example(10).text(80);
  CHECK(text.find("10 completions · right 60.0 % -> 80.0 % · reward 0.61 -> 0.82\n"
                  "4 verdicts change: 3 become right, 1 are no longer right\n") == 0);
  CHECK(text.find("0 -> 1\n") != std::string::npos);
  CHECK(text.find("\ncorrect (reward 1) -> wrong value (reward 0.1)\n") != std::string::npos);
  CHECK(text.find("lost") != std::string::npos);
}
