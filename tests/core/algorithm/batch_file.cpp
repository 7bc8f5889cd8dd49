// Batches as JSON: there and back, defaults, and what is refused.

#include "core/algorithm/batch_file.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "support/numbers.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/algorithm/batch_file");

namespace {

BatchFile read(const std::string& text) {
  return batch_from_json(parse_json(text, "batch.json"), "batch.json");
}

const std::string kLeast = R"({"groups": [7, 7, 3], "rewards": [1, 0, 0.5],
                              "old_logp": [[-1, -2], [-0.5], [-3, -4, -5]])";

}  // namespace

TEST_CASE("what is not given has its default") {
  const BatchFile file = read(kLeast + "}");
  const Batch& b = file.batch;
  CHECK(at::equal(b.group, longs({0, 0, 1})));  // numbered in the order of appearance
  CHECK(at::equal(b.length, longs({2, 1, 3})));
  CHECK(at::equal(b.episode, longs({0, 0, 1, 2, 2, 2})));
  check_numbers(b.logp_old, {-1, -2, -0.5, -3, -4, -5});
  CHECK(at::equal(file.logp, b.logp_old));
  CHECK(file.entropy.abs().max().item<double>() == 0);
  check_numbers(b.mask, {1, 1, 1, 1, 1, 1});
  CHECK(at::equal(b.right, bools({1, 0, 0})));
  CHECK(at::equal(b.truncated, bools({0, 0, 0})));
  CHECK(b.max_tokens == 3);
  CHECK(file.step == 1);
  CHECK(file.update.empty());
  CHECK(b.all.samples == 3);
}

TEST_CASE("a file comes back as it was written, numbers that are not finite as null") {
  BatchFile file = read(kLeast + R"(, "usable": [true, false, true], "truncated": [0, 1, 0],
    "mask": [[1, 0], [1], [1, 1, 0.5]], "logp": [[null, -2], [-0.5], [-3, -4, -5]],
    "entropy": [[1, 1], [2], [3, 3, 3]], "outputs": {"critic": [[0.1, 0.2], [0.3], [1, 2, null]]},
    "kept": {"kl_weight": 0.25}, "max_tokens": 9, "step": 4, "update": [2, 0]})");
  CHECK(std::isnan(file.logp[0].item<double>()));
  check_numbers(file.batch.mask, {1, 0, 0, 1, 1, 0.5});
  const Json json = batch_to_json(file);
  CHECK(json["logp"][0][0].is_null());
  const BatchFile again = batch_from_json(json, "again");
  CHECK(json_line(batch_to_json(again)) == json_line(json));
  CHECK(again.step == 4);
  CHECK(again.batch.max_tokens == 9);
  CHECK(again.update == std::vector<std::int64_t>{2, 0});
  CHECK(again.kept.at("kl_weight") == 0.25);
  CHECK(std::isnan(again.outputs.at("critic")[5].item<double>()));
}

TEST_CASE("what does not fit is refused by the field and what is wrong with it") {
  const struct {
    std::string json;
    const char* error;
  } cases[] = {
      {"[]", "is not a JSON object"},
      {R"({"groups": [0], "old_logp": [[-1]]})", "has no \"rewards\""},
      {R"({"groups": [], "rewards": [], "old_logp": []})", "\"rewards\" is empty"},
      {R"({"groups": [0], "rewards": [1, 2], "old_logp": [[-1], [-1]]})",
       "\"groups\" has 1 episodes, \"rewards\" has 2"},
      {R"({"groups": [0.5], "rewards": [1], "old_logp": [[-1]]})", "expected an integer"},
      {R"({"groups": [0], "rewards": [1], "old_logp": [[]]})", "is an empty list"},
      {kLeast + R"(, "logp": [[-1], [-1], [-1]]})", "episode 0 has 1 tokens in \"logp\", 2"},
      {kLeast + R"(, "mask": [[2, 1], [1], [1, 1, 1]]})", "expected a number from 0 to 1"},
      {kLeast + R"(, "usable": [1, 0, 2]})", "expected true or false"},
      {kLeast + R"(, "update": [3]})", "names episode 3, there are 3"},
      {kLeast + R"(, "update": [1, 1]})", "names episode 1 twice"},
      {kLeast + R"(, "max_tokens": 0})", "expected an integer from 1"},
      {kLeast + R"(, "step": -1})", "expected an integer from 0"},
      {kLeast + R"(, "outputs": 3})", "expected an object"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.json);
    CHECK_THROWS_WITH_AS(read(c.json), doctest::Contains(c.error), Error);
  }
}

TEST_CASE("tokens become one list an episode") {
  CHECK(by_episode(floats({1, 2, 3}), longs({2, 0, 1})) == Json{{1.0, 2.0}, Json::array(), {3.0}});
}
