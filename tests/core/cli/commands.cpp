#include "core/cli/commands.h"

#include <doctest/doctest.h>

#include <CLI/CLI.hpp>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/commands");

namespace {

struct CountOptions {
  int number = 3;
};

int run_count(const GlobalOptions&, const CountOptions& options) { return options.number; }

void describe(CLI::App& app, CountOptions& options) { app.add_option("--number", options.number); }

struct Parser {
  CLI::App app{"", "tinyzero"};
  CommandWork chosen;
  Commands commands{app, chosen};

  void parse(std::vector<std::string> words) {
    app.clear();
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Parser, "the command that is parsed leaves its work, with its options") {
  commands.add<CountOptions>("count", "", run_count, describe);
  commands.add<CountOptions>("other", "", run_count, describe);
  parse({"count", "--number", "5"});
  CHECK(chosen({}) == 5);
  parse({"other"});
  CHECK(chosen({}) == 3);
}

TEST_CASE_FIXTURE(Parser, "a group wants one of its commands") {
  commands.group("group", "").add<CountOptions>("count", "", run_count, describe);
  CHECK_THROWS_AS(parse({"group"}), CLI::RequiredError);
  parse({"group", "count"});
  CHECK(chosen({}) == 3);
}

TEST_CASE_FIXTURE(Parser, "a command with commands below it works alone, too") {
  const Commands below = commands.add<CountOptions>("count", "", run_count, describe);
  below.add<CountOptions>("twice", "", run_count, [](CLI::App&, CountOptions& o) { o.number = 6; });
  parse({"count", "--number", "4"});
  CHECK(chosen({}) == 4);
  parse({"count", "twice"});
  CHECK(chosen({}) == 6);
}

// The program of the tests lacks the work of commands with LibTorch, as tinyzero does.
TEST_CASE_FIXTURE(Parser,
                  "a command without work is parsed like any other, and is for tinyzero-train") {
  commands.add<CountOptions>("count", "", nullptr, describe);
  CHECK_THROWS_AS(parse({"count", "--nonesuch"}), CLI::ExtrasError);
  parse({"count", "--number", "5"});
  CHECK_THROWS_WITH_AS(chosen({}), doctest::Contains("tinyzero-train: No such file"), Error);
}

TEST_CASE("all commands are there, in the order of the help") {
  CLI::App app("", "tinyzero");
  GlobalOptions global;
  CommandWork chosen;
  add_commands(app, global, chosen);
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  CHECK(names == std::vector<std::string>{"train", "watch", "compare", "eval", "play", "replay",
                                          "episodes", "traits", "rescore", "report", "doctor",
                                          "metrics", "task", "algorithm", "config", "plan", "bench",
                                          "model"});
}
