#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/eval/evaluate.h"
#include "support/command.h"
#include "support/golden.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/eval");

namespace {

CommandResult evaluate(std::vector<std::string> words) {
  words.insert(words.begin(), {"eval", golden_folder() / "hf/qwen2_tied", "--task",
                               "multiplication", "--problems", "2", "--max-tokens", "4"});
  return run_command(add_eval, words);
}

}  // namespace

TEST_CASE("a folder is evaluated, and again from its file to the same numbers") {
  const TemporaryFolder folder;
  const std::string save = folder / "answers.jsonl";
  const CommandResult first = evaluate({"--json", "--save", save});
  CHECK(first.code == 0);
  const Json report = parse_json(first.out, "eval");
  CHECK(report["problems"] == 2);
  CHECK(report["completions"] == 2);
  CHECK(report.contains("greedy"));
  CHECK(evaluate({"--json", "--save", save}).out == first.out);
  CHECK_THROWS_WITH_AS(evaluate({"--save", save, "--seed", "9"}),
                       doctest::Contains("seed 1, this evaluation has 9"), Error);
}

TEST_CASE("a set of other problems is refused") {
  CHECK_THROWS_WITH_AS(evaluate({"--set", "0123456789abcdef"}),
                       doctest::Contains("--set asks for 0123456789abcdef"), Error);
}
