#include "core/cli/eval_candidates.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/config/yaml.h"
#include "support/golden.h"
#include "support/task.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/eval_candidates");

namespace {

const std::string kTied = golden_folder() / "hf/qwen2_tied";
const std::string kBf16 = golden_folder() / "hf/qwen3_bf16";

EvalCommandOptions options_of(std::vector<std::string> words) {
  EvalCommandOptions options;
  options.words = std::move(words);
  options.task = "countdown";
  return options;
}

}  // namespace

TEST_CASE("words are model folders, or settings of the task") {
  EvalCommandOptions options = options_of({kTied, "numbers=4", kBf16});
  options.prompt_template = "base";
  const Candidates found = find_candidates(options);
  REQUIRE(found.folders.size() == 2);
  CHECK(found.folders[0].folder == kTied);
  CHECK(found.folders[1].prompt_template == "base");
  CHECK(found.task == "countdown");
  CHECK(found.settings.find("numbers")->scalar == "4");
}

TEST_CASE("what is missing, has no effect or is given twice is an error") {
  CHECK_THROWS_WITH_AS(find_candidates(options_of({})), "nothing to evaluate", Error);
  CHECK_THROWS_WITH(find_candidates(options_of({kTied, kTied})),
                    doctest::Contains("is given twice"));
  EvalCommandOptions options = options_of({});
  options.endpoint.url = "http://localhost:1";
  CHECK_THROWS_WITH(find_candidates(options), doctest::Contains("--model is missing"));
  options.endpoint.models = {"m", "m"};
  CHECK_THROWS_WITH(find_candidates(options), "the model m is given twice");
  options.endpoint.models = {"m"};
  CHECK(find_candidates(options).folders.empty());
  options.prompt_template = "base";
  CHECK_THROWS_WITH(find_candidates(options), doctest::Contains("--template has no effect"));
  options.endpoint.completions = true;
  CHECK_NOTHROW(find_candidates(options));
  options.task.clear();
  CHECK_THROWS_WITH(find_candidates(options),
                    "--task is missing: an endpoint has no task of its own");
}

TEST_CASE("runs of other tasks are refused, naming what differs") {
  const PluginCatalog catalog({TINYZERO_PLUGINS});
  const Task task = open_countdown("{numbers: 4}");
  Candidates candidates{.folders = {}, .task = "countdown", .settings = {}};
  Subject run;
  run.folder = "runs/a";
  run.own_task = true;
  run.task = "countdown";
  run.settings = parse_yaml("{numbers: 4}", "settings");
  candidates.folders.push_back(run);
  CHECK_NOTHROW(check_same_task(catalog, candidates, task));
  candidates.folders[0].settings = parse_yaml("{numbers: 3}", "settings");
  CHECK_THROWS_WITH(check_same_task(catalog, candidates, task),
                    "the runs have different tasks: that of runs/a has task.numbers [3], not [4]");
  candidates.folders[0].task = "arithmetic";
  candidates.folders[0].settings = parse_yaml("{}", "settings");
  CHECK_THROWS_WITH(check_same_task(catalog, candidates, task),
                    doctest::Contains("has task arithmetic, not countdown"));
  candidates.folders[0].own_task = false;
  CHECK_NOTHROW(check_same_task(catalog, candidates, task));
}
