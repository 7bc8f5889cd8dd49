#include "tinyzero/item.h"

#include <doctest/doctest.h>

#include <type_traits>

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/item");

namespace {

enum Reason { correct, no_answer, wrong_order };

}  // namespace

TEST_CASE("the usual verdicts have names") {
  const Verdict right = Verdict::right();
  CHECK(right.reward == 1);
  CHECK(right.outcome == Outcome::scored);
  CHECK(right.reason == correct);
  CHECK(right.parts[0] == 1);
  CHECK(right.parts[1] == 0);

  const Verdict wrong = Verdict::wrong(wrong_order);
  CHECK(wrong.reward == 0);
  CHECK(wrong.outcome == Outcome::scored);
  CHECK(wrong.reason == wrong_order);
  CHECK(wrong.parts[0] == 0);
  CHECK(Verdict::wrong(wrong_order, 0.1).reward == 0.1);

  const Verdict unparsable = Verdict::unparsable(no_answer, 0.2);
  CHECK(unparsable.reward == 0.2);
  CHECK(unparsable.outcome == Outcome::unparsable);
  CHECK(unparsable.reason == no_answer);
}

// Tasks fill verdicts and items by position or by name: both stay possible.
TEST_CASE("verdicts and items are aggregates whose fields may be left out") {
  static_assert(std::is_aggregate_v<Verdict>);
  static_assert(std::is_aggregate_v<Item>);
  const Verdict named{.reward = 0.5, .reason = 2, .parts = {1}};
  CHECK(named.outcome == Outcome::scored);
  CHECK(named.detail.empty());
  const Verdict listed{0.5, Outcome::abstain, 2, {1, 0.5}, "because"};
  CHECK(listed.parts[1] == 0.5);
  CHECK(listed.detail == "because");
  const Item item{.prompt = "p", .key = "k", .state = "s"};
  CHECK(item.difficulty == 0);
}

TEST_CASE("a verdict passes through the C ABI unchanged, without its detail") {
  const Verdict sent{0.25, Outcome::unparsable, 7, {1, 2, 3, 4, 5, 6}, "lost"};
  Verdict received;
  assign(received, abi_verdict(sent));
  CHECK(received.reward == sent.reward);
  CHECK(received.outcome == sent.outcome);
  CHECK(received.reason == sent.reason);
  CHECK(received.parts == sent.parts);
  CHECK(received.detail.empty());
}
