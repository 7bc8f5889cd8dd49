#include "tinyzero/number_scorer.h"

#include <doctest/doctest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <string>

#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/number_scorer");

namespace {

Rational ratio(std::int64_t numerator, std::int64_t denominator) {
  Rational out(numerator);
  REQUIRE(out.apply('/', Rational(denominator)) == Rational::Status::ok);
  return out;
}

std::string reason_of(const NumberScorer& scorer, const std::string& answer,
                      const Rational& truth) {
  return kNumberReasons[scorer.judge("<answer>" + answer + "</answer>", truth).reason];
}

}  // namespace

TEST_CASE("the reason decides outcome, reward and components") {
  const NumberScorer scorer;
  struct Case {
    const char* completion;
    const char* reason;
    Outcome outcome;
    double reward;
    double format;
  };
  const Case cases[] = {
      {"<answer>7</answer>", "correct", Outcome::scored, 1, 1},
      {"<answer> 7\n</answer>", "correct", Outcome::scored, 1, 1},
      {"<answer>8</answer>", "wrong value", Outcome::scored, 0.1, 1},
      {"<answer>14/2</answer>", "right value, wrong form", Outcome::scored, 0.1, 1},
      {"<answer>seven</answer>", "not a number", Outcome::unparsable, 0.1, 1},
      {"<answer> </answer>", "blank answer", Outcome::unparsable, 0, 0},
      {"7", "no answer", Outcome::unparsable, 0, 0},
  };
  for (const Case& c : cases) {
    CAPTURE(c.completion);
    const Verdict verdict = scorer.judge(c.completion, Rational(7));
    CHECK(kNumberReasons[verdict.reason] == std::string(c.reason));
    CHECK(verdict.outcome == c.outcome);
    CHECK(verdict.reward == c.reward);
    CHECK(verdict.parts[0] == (verdict.reason == 0 ? 1 : 0));
    CHECK(verdict.parts[1] == c.format);
  }
}

TEST_CASE("only integers and fractions in digits are numbers") {
  const NumberScorer scorer;
  for (const char* text : {"+7", "07", "7.0", "7/", "/7", "7/-1", "7/01", "--7", "1e1", "7 7",
                           "0x7", "7/1/1", "-", "7*1", "7,", "７"}) {
    CAPTURE(text);
    CHECK(reason_of(scorer, text, Rational(7)) == "not a number");
  }
  CHECK(reason_of(scorer, "-0", Rational(0)) == "right value, wrong form");
  CHECK(reason_of(scorer, "0/3", Rational(0)) == "right value, wrong form");
  CHECK(reason_of(scorer, "1/0", Rational(0)) == "wrong value");
}

// Boost's big integers decide independently: p/q = a/b if p b = q a.
TEST_CASE("fractions of any size are compared exactly") {
  using boost::multiprecision::cpp_int;
  const NumberScorer scorer;
  Rng rng(4);
  int equal = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    const std::int64_t a = rng.between(-40, 40), b = rng.between(1, 30);
    const Rational truth = ratio(a, b);
    const cpp_int scale = boost::multiprecision::pow(cpp_int(10), rng.below(40)) + rng.below(3);
    const bool other = rng.chance(0.5);  // another value, or nearly the same
    const cpp_int p = scale * (other ? rng.between(-40, 40) : a);
    const cpp_int q = scale * b + (rng.chance(0.3) ? 1 : 0);
    const std::string text = p.str() + "/" + q.str();
    CAPTURE(text);
    const std::string reason = reason_of(scorer, text, truth);
    const bool same = p * b == q * a;
    equal += same ? 1 : 0;
    CHECK((reason == "correct" || reason == "right value, wrong form") == same);
  }
  CHECK(equal > 500);
  CHECK(equal < 2500);
}

TEST_CASE("TinyZero's rule reads Python's integers on one line, in the base framing only") {
  NumberScorer scorer;
  scorer.scorer = "tinyzero";
  CHECK(reason_of(scorer, "+56_088", Rational(56088)) == "correct");
  CHECK(reason_of(scorer, "56,088", Rational(56088)) == "no answer");
  CHECK(reason_of(scorer, "56087", Rational(56088)) == "wrong value");
  CHECK(reason_of(scorer, "1\n", Rational(1)) == "no answer");
  scorer.framing = "other";
  CHECK(reason_of(scorer, "56088", Rational(56088)) == "no answer");
}
