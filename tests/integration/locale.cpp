// A locale changes nothing: in one a decimal comma, in another letters with other cases.

#include <doctest/doctest.h>

#include "support/golden.h"
#include "support/process.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/locale");

namespace {

// Locales made for a test; `names` holds those that this system could make (Debian's package
// locales has their sources).
struct Locales {
  TemporaryFolder folder;
  std::vector<std::string> names;

  Locales() {
    for (const char* name : {"de_DE", "tr_TR"}) {
      const std::string full = std::string(name) + ".UTF-8";
      run_process({"localedef", "-i", name, "-f", "UTF-8", folder / full});
      if (fs::exists(folder / full)) names.push_back(full);
    }
    if (names.empty()) MESSAGE("skipped: localedef has no locales here");
  }

  // What env(1) needs before a command.
  std::vector<std::string> before(const std::string& name) const {
    return {"env", "LOCPATH=" + folder.path().string(), "LC_ALL=" + name, "LANG=" + name};
  }

  ProcessResult run(const std::string& name, const std::vector<std::string>& arguments,
                    const std::string& input = {}) const {
    std::vector<std::string> command = before(name);
    command.push_back(tinyzero_path());
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run_process(command, input, TINYZERO_SOURCE);
  }
};

}  // namespace

TEST_CASE("commands write the same bytes in every locale") {
  const Locales locales;
  const std::string decimal =
      R"({"state":{"numbers":[1,5,2],"target":3},"completion":"Assistant: <answer>1.5*2</answer>"})"
      "\n"
      R"({"state":{"numbers":[1,5,2],"target":2},)"
      R"("completion":"Assistant: <answer>1.5*2</answer>"})";
  const std::pair<std::vector<std::string>, std::string> commands[] = {
      {{"task", "draw", "countdown", "--count", "5"}, ""},
      {{"task", "verify", "countdown", "scorer=tinyzero"},
       decimal},  // in Python 1.5*2 is 3, whatever a comma means
      {{"task", "show", "arithmetic", "--json"}, ""},
      {{"config", "show", "configs/countdown-grpo.yaml", "train.learning_rate=1.5e-4", "--json"},
       ""},
      {{"model", "score", (golden_folder() / "hf" / "qwen2_tied").string()}, R"({"ids":[1,2,3]})"},
  };
  for (const std::string& name : locales.names) {
    for (const auto& [words, input] : commands) {
      CAPTURE(name);
      CAPTURE(words[1]);
      const ProcessResult plain = tinyzero::tinyzero(words, input),
                          there = locales.run(name, words, input);
      CHECK(plain.code == 0);
      CHECK(there.code == 0);
      CHECK(there.out == plain.out);
    }
  }
}

TEST_CASE("task check passes where the system has a locale with a decimal comma") {
  const Locales locales;
  for (const std::string& name : locales.names) {
    for (const char* task : {"countdown", "multiplication"}) {
      CAPTURE(name);
      const ProcessResult check = locales.run(name, {"task", "check", task});
      CAPTURE(check.out);
      CHECK(check.code == 0);
    }
  }
}

TEST_CASE("a run has the same weights in every locale") {
  const Locales locales;
  const TemporaryFolder runs;
  const auto train = [&](const std::string& folder) -> std::vector<std::string> {
    return {"train",         "tests/integration/small.yaml", "--run", runs / folder,
            "train.steps=2", "warm_start.steps=20"};
  };
  for (const std::string& name : locales.names) {
    if (!fs::exists(runs / "plain")) REQUIRE(tinyzero::tinyzero(train("plain")).code == 0);
    REQUIRE(locales.run(name, train(name)).code == 0);
    const fs::path weights = "checkpoints/step-000002/model.safetensors";
    CHECK(read_file(runs / name / weights) == read_file(runs / "plain" / weights));
    CHECK(read_file(runs / name / "config.yaml") == read_file(runs / "plain" / "config.yaml"));
  }
}

TEST_CASE("the Python file of the SDK judges the same after setlocale") {
  const Locales locales;
  const std::string script = R"(
import locale, sys
sys.path.insert(0, "sdk/python")
from tinyzero_task import Task
locale.setlocale(locale.LC_ALL, sys.argv[2])
task = Task(sys.argv[1], scorer="tinyzero", format_reward=0.25)
state = '{"numbers":[1,5,2],"target":%d}'
pairs = [(state % target, "Assistant: <answer>1.5*2</answer>") for target in (3, 2)]
print([(v.reward, v.reason) for v in task.verify(pairs)])
)";
  const std::string plugin = std::string(TINYZERO_PLUGINS) + "/countdown.so";
  const std::string plain =
      run_process({"python3", "-c", script, plugin, "C"}, "", TINYZERO_SOURCE).out;
  CHECK(plain.starts_with("[(1.0, "));
  for (const std::string& name : locales.names) {
    std::vector<std::string> command = locales.before(name);
    command.insert(command.end(), {"python3", "-c", script, plugin, name});
    const ProcessResult there = run_process(command, "", TINYZERO_SOURCE);
    CAPTURE(there.err);
    CHECK(there.out == plain);
  }
}
