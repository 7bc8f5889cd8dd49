#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "support/command.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/task_draw");

namespace {

std::string draw(std::vector<std::string> words) {
  words.insert(words.begin(), {"draw", "multiplication"});
  return run_command(add_task_draw, words).out;
}

}  // namespace

TEST_CASE("problems are a function of seed, split and settings; more of them begin with fewer") {
  const std::string three = draw({"--count", "3", "--seed", "5"});
  CHECK(std::count(three.begin(), three.end(), '\n') == 3);
  CHECK(draw({"--count", "3", "--seed", "5"}) == three);
  CHECK(draw({"--count", "300", "--seed", "5"}).starts_with(three));  // in several chunks
  CHECK(draw({"--count", "3", "--seed", "6"}) != three);
  CHECK(draw({"--count", "3", "--seed", "5", "--split", "test"}) != three);
  const Json first = parse_json(three.substr(0, three.find('\n')), "draw");
  for (const char* field : {"index", "key", "prompt", "state", "difficulty"})
    CHECK(first.contains(field));
  CHECK(first["state"].is_object());
  CHECK_THROWS_AS(draw({"--split", "exam"}), Error);
}

TEST_CASE("what a task has to say about its data goes to standard error") {
  const CommandResult r = run_command(
      add_task_draw, {"draw", "dataset", "file=" TINYZERO_SOURCE "/tests/data/word_problems.jsonl",
                      "grade=number"});
  CHECK(std::count(r.out.begin(), r.out.end(), '\n') == 1);
  CHECK(r.err.starts_with("note: 28 of 200 problems differ from another"));
}
