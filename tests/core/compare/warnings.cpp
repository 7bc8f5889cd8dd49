#include "core/compare/warnings.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/compare/warnings");

namespace {

Json run(std::int64_t seed, const std::vector<double>& update, double accuracy = 0.5,
         std::size_t evaluations = 3) {
  Json curve = Json::array();
  for (std::size_t i = 0; i < evaluations; ++i)
    curve.push_back({{"accuracy", accuracy}, {"tokens", 100}});
  return {{"seed", seed},   {"state", "ok"},          {"start_weights", "ab"},
          {"curve", curve}, {"first_update", update}, {"test_accuracy", accuracy},
          {"tokens", 100}};
}

Json arm(const std::string& name, const Json& settings, const std::vector<Json>& runs,
         const std::string& role = "arm") {
  return {{"name", name}, {"role", role}, {"settings", settings}, {"runs", runs}};
}

std::vector<std::string> warnings(const std::vector<Json>& arms) {
  return fairness_warnings({{"arms", arms}});
}

const std::vector<double> kUpdate = {1, 2}, kOther = {-2, 1};
const Json kNone = Json::object();

}  // namespace

TEST_CASE("arms with the same first update are named with the settings that had no effect on it") {
  const Json first = arm("a", kNone, {run(1, kUpdate), run(2, kOther)});
  const auto found = warnings(
      {first, arm("b", {{"algorithm.clip", "0.3"}}, {run(1, kUpdate, 0.6), run(2, kOther)})});
  CHECK(found == std::vector<std::string>{"arms a and b made the same first update with every "
                                          "seed: no effect on it of algorithm.clip"});
  CHECK(warnings({first, arm("b", kNone, {run(1, kUpdate), run(2, kUpdate)})}).empty());
  CHECK(warnings({first, arm("b", kNone, {run(3, kUpdate)})}).empty());  // another seed
  CHECK(warnings({first, arm("b", kNone, {run(1, {})})}).empty());       // not known
  Json elsewhere = run(1, kUpdate);
  elsewhere["start_weights"] = "cd";
  CHECK(warnings({first, arm("b", kNone, {elsewhere})}).empty());
  CHECK(warnings({first, arm("b", kNone, {run(1, kUpdate)}, "warm_start")}).empty());
}

TEST_CASE("arms that are the same runs are named as such, each once") {
  const std::vector<Json> runs = {run(1, kUpdate), run(2, kOther)};
  const auto found = warnings({arm("a", kNone, runs), arm("b", {{"x", "1"}, {"y", "2"}}, runs),
                               arm("c", {{"x", "1"}, {"y", nullptr}}, runs)});
  CHECK(found ==
        std::vector<std::string>{"arms a and b are the same runs: no effect here of x, y",
                                 "arms a and c are the same runs: no effect here of x, y"});
}

TEST_CASE("runs that spent other tokens are not the same, whatever their accuracies") {
  Json longer = run(1, kUpdate);
  longer["tokens"] = 101;
  const auto found = warnings({arm("a", kNone, {run(1, kUpdate)}), arm("b", kNone, {longer})});
  REQUIRE(found.size() == 1);
  CHECK(found[0].find("made the same first update with every seed") != std::string::npos);
}

TEST_CASE("of two arms that differ from the first, what differs between them is named") {
  const Json first = arm("a", kNone, {run(1, kOther)});
  const auto found = warnings(
      {first,
       arm("b", {{"rate", "1"}, {"clip", "2"}, {"p", "1"}, {"q", "1"}, {"r", "1"}, {"s", "1"}},
           {run(1, kUpdate)}),
       arm("c", {{"rate", "1"}, {"clip", "3"}}, {run(1, kUpdate)})});
  REQUIRE(found.size() == 1);
  CHECK(found[0] == "arms b and c are the same runs: no effect here of clip, p, q, r and 1 more");
}

TEST_CASE("runs that choose among more evaluations than others are told") {
  const auto with = [](std::size_t a, std::size_t b, const std::string& role = "arm") {
    return warnings({arm("a", kNone, {run(1, kUpdate, 0.5, a)}),
                     arm("b", kNone, {run(1, kOther, 0.5, b)}, role)});
  };
  CHECK(with(7, 7).empty());
  CHECK(with(21, 20).empty());
  const auto found = with(7, 4);
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with("runs chose their checkpoint among 4 (b) to 7 (a) evaluations"));
  CHECK(with(7, 1, "untrained").empty());  // it does not learn
}
